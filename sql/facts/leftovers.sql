-- Schemas that an interrupted comparison may have left: those that say so, and those with nothing in them, cut short
-- between their making and their comment. A schema of that name that holds anything else is somebody's own.
SELECT n.nspname AS name
FROM pg_namespace AS n
WHERE n.nspname LIKE 'kinetune\_compare\_%'
  AND (obj_description(n.oid, 'pg_namespace') = 'kinetune: a copy to compare profiles on, may be dropped'
       OR NOT EXISTS (SELECT 1 FROM pg_class AS c WHERE c.relnamespace = n.oid))
ORDER BY 1
