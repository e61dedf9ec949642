INSERT INTO {{ table }} (id, name, created, deleted, create_revision, prev_revision, lease, value)
SELECT row_number() OVER (ORDER BY revision, object, resource) - {{ resources | length * objects * revisions + 1 }},
       '/registry/' || resource || '/namespace-' || object % 5 || '/object-' || object,
       (revision = 0)::int, 0, 0, revision, 0, repeat('v', 500)::bytea
FROM generate_series(0, {{ revisions - 1 }}) AS revision,
     generate_series(1, {{ objects }}) AS object,
     unnest(ARRAY[
{% for line in resources | batch(5) %}
         {{ line | map('literal') | join(', ') }}{{ ',' if not loop.last }}
{% endfor %}
     ]) AS resource
