-- `columns` are the key columns, then the INCLUDE columns; NULL is an expression. `options` are pg_index.indoption, one
-- per key column: bit 0 is DESC, and 4 is HASH on YugabyteDB (docs/facts/recorded.md §2).
SELECT i.indrelid::regclass::text AS "table",
       c.relname AS name,
       i.indisunique AS "unique",
       i.indisprimary AS "primary",
       i.indisvalid AND i.indisready AS valid,
       i.indnkeyatts AS key_count,
       ARRAY(SELECT a.attname::text
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, position)
             LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
             ORDER BY k.position) AS columns,
       i.indoption::int2[] AS options,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       con.conname AS "constraint",
       pg_relation_size(c.oid) AS bytes
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint AS con ON con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x')
WHERE i.indrelid IN (to_regclass('kine'), to_regclass('kinetune_new_kine'), to_regclass('kine_before_init'),
                     to_regclass('kinetune_staged_kine'))
ORDER BY c.relname
