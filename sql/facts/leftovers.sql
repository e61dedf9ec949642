-- Objects that kinetune created and may have left: relations called kinetune_…, the former table of a rebuild, all
-- relations in schemas called kinetune_…, and these schemas; also a sequence of Kine that no table uses. Indexes and
-- owned sequences are dropped with their table. The table of the lock row is not included: `drop` holds the lock and
-- removes it at the end.
WITH home (schema) AS (
    SELECT coalesce((SELECT c.relnamespace FROM pg_class AS c WHERE c.oid = to_regclass('kine')),
                    to_regnamespace(quote_ident(current_schema()))::oid)
)
SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
       n.nspname AS schema,
       c.relname AS name,
       coalesce(pg_table_size(c.oid), 0) AS bytes,
       pg_has_role(current_user, c.relowner, 'USAGE') AS owned
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN home
WHERE c.relkind IN ('r', 'S')
  AND c.relname <> 'kinetune_lock'
  AND (n.nspname LIKE 'kinetune\_%'
       OR (c.relnamespace = home.schema
           AND (c.relname LIKE 'kinetune\_%'
                OR (c.relkind = 'r' AND c.relname = 'kine_before_init')
                OR (c.relkind = 'S' AND c.relname IN ('kine_id_seq', 'kine_seq')))))
  AND NOT EXISTS (SELECT 1 FROM pg_depend AS d
                  WHERE c.relkind = 'S'
                    AND ((d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                          AND d.refclassid = 'pg_class'::regclass)
                         OR (d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                             AND d.classid = 'pg_attrdef'::regclass)))
UNION ALL
SELECT 'schema', n.nspname, n.nspname, 0, pg_has_role(current_user, n.nspowner, 'USAGE')
FROM pg_namespace AS n
WHERE n.nspname LIKE 'kinetune\_%'
ORDER BY 1 DESC, 2, 3
