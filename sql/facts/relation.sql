-- The relation that the name kine means in this session's search_path, as it does in Kine's.
-- reltuples is -1 (0 before PostgreSQL 14 and on YugabyteDB 2.x) where the table was never analysed.
SELECT n.nspname AS schema,
       c.relkind::text AS kind,
       c.reltuples::bigint AS rows,
       pg_table_size(c.oid) AS bytes
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('kine')
