{% macro sums(table, skip_gap_rows) %}
SELECT id::bigint / {{ size }} AS block, count(*) AS number, MIN(id) AS low, MAX(id) AS high,
       sum(('x' || left(md5(ROW({{ marks }})::text), 16))::bit(64)::bigint) AS marks
FROM {{ table }}
{% if skip_gap_rows %}
WHERE name IS DISTINCT FROM 'gap-' || id OR id = (SELECT MAX(id) FROM {{ table }})
{% endif %}
GROUP BY 1
{%- endmacro %}
DO $compare$
DECLARE
    wrong bigint;
BEGIN
    SELECT block * {{ size }} INTO wrong
    FROM (
{{ sums('kine', skip_gap_rows) | trim | indent(8, true) }}
    ) AS old
    FULL JOIN (
{{ sums('kinetune_new_kine', false) | trim | indent(8, true) }}
    ) AS new USING (block)
    WHERE (old.number, old.low, old.high, old.marks) IS DISTINCT FROM (new.number, new.low, new.high, new.marks)
    ORDER BY 1
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the copy differs from kine in the ids from % to %', wrong, wrong + {{ size - 1 }} USING ERRCODE = 'KT002';
    END IF;
END
$compare$
