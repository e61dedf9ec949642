-- The sequence that kine.id draws from: the one its default names, whoever owns it. And those of the tables beside kine.
SELECT d.adrelid::regclass::text AS "table",
       c.relname AS name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS address,
       format_type(s.seqtypid, NULL) AS type,
       s.seqcache AS cache,
       s.seqincrement AS increment,
       o.relname AS owner_table,
       oa.attname AS owner_column
FROM pg_attrdef AS d
JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attname = 'id'
JOIN pg_depend AS used ON used.classid = 'pg_attrdef'::regclass AND used.objid = d.oid
                      AND used.refclassid = 'pg_class'::regclass
JOIN pg_class AS c ON c.oid = used.refobjid AND c.relkind = 'S'
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_sequence AS s ON s.seqrelid = c.oid
LEFT JOIN pg_depend AS owned ON owned.classid = 'pg_class'::regclass AND owned.objid = c.oid
                            AND owned.refclassid = 'pg_class'::regclass AND owned.deptype IN ('a', 'i')
LEFT JOIN pg_class AS o ON o.oid = owned.refobjid
LEFT JOIN pg_attribute AS oa ON oa.attrelid = owned.refobjid AND oa.attnum = owned.refobjsubid
WHERE d.adrelid IN (to_regclass('kine'), to_regclass('kinetune_new_kine'), to_regclass('kine_before_init'),
                    to_regclass('kinetune_staged_kine'))
