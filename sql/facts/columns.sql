-- `collation` is NULL for the default collation of the type.
SELECT a.attrelid::regclass::text AS "table",
       a.attname AS name,
       format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attcollation <> t.typcollation THEN co.collname END AS collation,
       pg_get_expr(d.adbin, d.adrelid) AS "default"
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_collation AS co ON co.oid = a.attcollation
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid IN (to_regclass('kine'), to_regclass('kinetune_new_kine'), to_regclass('kine_before_init'),
                     to_regclass('kinetune_staged_kine'))
  AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
