{# One INSERT for each block of ids with rows that the copy has not got. Its %1$s … are format()'s: first, last, newest id. -#}
{% set columns = names | map('identifier') | join(', ') -%}
{% set insert %}
INSERT INTO kinetune_new_kine ({{ columns }})
SELECT {{ columns }}
FROM kine
{% if hashed %}
WHERE id = ANY (ARRAY(SELECT generate_series(%1$s::{{ type }}, %2$s::{{ type }})))
{% else %}
WHERE id BETWEEN %1$s AND %2$s
{% endif %}
{% if ordered %}
  AND id > (SELECT coalesce(MAX(id), 0) FROM kinetune_new_kine)
{% endif %}
{% if drop_gaps %}
  AND (name IS DISTINCT FROM 'gap-' || id OR id = %3$s)
{% endif %}
ORDER BY id
{% if not ordered %}
ON CONFLICT DO NOTHING
{% endif %}
{% endset -%}
SELECT format({{ insert | trim | literal }},
              block * {{ size }}, {{ 'least(block * %d + %d, 2147483647)' % (size, size - 1) if type == 'integer' else 'block * %d + %d' % (size, size - 1) }}{{ ', newest' if drop_gaps }})
FROM (SELECT DISTINCT id::bigint / {{ size }} AS block
      FROM kine
      WHERE id > (SELECT coalesce(MAX(id), 0) FROM kinetune_new_kine)) AS blocks
{% if drop_gaps %}
CROSS JOIN (SELECT MAX(id) AS newest FROM kine) AS last
{% endif %}
ORDER BY block
