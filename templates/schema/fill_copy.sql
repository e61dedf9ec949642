{# One INSERT for each block of ids with rows that the copy does not have. Parameters of format(): %1$s first, %2$s last, %3$s newest id. -#}
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
{% if skip_gap_rows %}
  AND (name IS DISTINCT FROM 'gap-' || id OR id = %3$s)
{% endif %}
ORDER BY id
{% if not ordered %}
ON CONFLICT DO NOTHING
{% endif %}
{% endset -%}
SELECT format({{ insert | trim | literal }},
              block * {{ size }}, {{ 'least(block * %d + %d, 2147483647)' % (size, size - 1) if type == 'integer' else 'block * %d + %d' % (size, size - 1) }}{{ ', newest' if skip_gap_rows }})
FROM (SELECT DISTINCT id::bigint / {{ size }} AS block
      FROM kine
      WHERE id > (SELECT coalesce(MAX(id), 0) FROM kinetune_new_kine)) AS blocks
{% if skip_gap_rows %}
CROSS JOIN (SELECT MAX(id) AS newest FROM kine) AS last
{% endif %}
ORDER BY block
