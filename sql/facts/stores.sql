-- Schemas with a table kine that the name kine does not mean in this session. Several stores may share a database, each
-- in its schema.
SELECT n.nspname AS schema
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = 'kine'
  AND c.relkind IN ('r', 'p')
  AND c.oid IS DISTINCT FROM to_regclass('kine')
  AND n.nspname NOT LIKE 'kinetune\_%'
  AND n.nspname NOT LIKE 'pg\_temp\_%'
ORDER BY 1
