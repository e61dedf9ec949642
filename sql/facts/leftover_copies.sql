-- Schemas that an interrupted comparison may have left: those with the comment of a comparison, and empty ones, which
-- were interrupted between CREATE SCHEMA and COMMENT. Any other schema of that name belongs to a user.
SELECT n.nspname AS name
FROM pg_namespace AS n
WHERE n.nspname LIKE 'kinetune\_compare\_%'
  AND (obj_description(n.oid, 'pg_namespace') = 'kinetune: a copy to compare profiles on, may be dropped'
       OR NOT EXISTS (SELECT 1 FROM pg_class AS c WHERE c.relnamespace = n.oid))
ORDER BY 1
