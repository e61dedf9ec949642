-- Relations of this database that belong neither to Kine (whose partitions are Kine's) nor to kinetune or an extension.
WITH home (schema) AS (
    SELECT coalesce((SELECT c.relnamespace FROM pg_class AS c WHERE c.oid = to_regclass('kine')),
                    to_regnamespace(quote_ident(current_schema()))::oid)
)
SELECT format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN home
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\_toast%'
  AND n.nspname NOT LIKE 'pg\_temp\_%'
  AND n.nspname NOT LIKE 'kinetune\_%'
  AND NOT (n.oid = home.schema
           AND (c.relname LIKE 'kinetune\_%' OR c.relname IN ('kine', 'kine_before_init', 'kine_id_seq', 'kine_seq')))
  AND c.oid NOT IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('kine'))
  AND NOT EXISTS (SELECT 1 FROM pg_depend AS d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                    AND (d.deptype = 'e'
                         OR (c.relkind = 'S' AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)))
ORDER BY 1
LIMIT 1000
