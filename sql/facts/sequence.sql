-- The sequence of kine.id: the one in its default, whichever table owns it, or that of an identity column. And those of
-- the tables of a rebuild.
SELECT used.relation::regclass::text AS "table",
       used.identity,
       c.relname AS name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS address,
       format_type(s.seqtypid, NULL) AS type,
       s.seqcache AS cache,
       s.seqincrement AS increment,
       o.relname AS owner_table,
       oa.attname AS owner_column
FROM (SELECT d.adrelid AS relation, p.refobjid AS sequence, false AS identity
      FROM pg_attrdef AS d
      JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attname = 'id'
      JOIN pg_depend AS p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                         AND p.refclassid = 'pg_class'::regclass
      UNION ALL
      SELECT a.attrelid, p.objid, true
      FROM pg_attribute AS a
      JOIN pg_depend AS p ON p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
                         AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i'
      WHERE a.attname = 'id' AND a.attidentity <> '') AS used
JOIN pg_class AS c ON c.oid = used.sequence AND c.relkind = 'S'
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_sequence AS s ON s.seqrelid = c.oid
LEFT JOIN pg_depend AS owned ON owned.classid = 'pg_class'::regclass AND owned.objid = c.oid
                            AND owned.refclassid = 'pg_class'::regclass AND owned.deptype IN ('a', 'i')
LEFT JOIN pg_class AS o ON o.oid = owned.refobjid
LEFT JOIN pg_attribute AS oa ON oa.attrelid = owned.refobjid AND oa.attnum = owned.refobjsubid
WHERE used.relation IN (to_regclass('kine'), to_regclass('kinetune_new_kine'), to_regclass('kine_before_init'),
                    to_regclass('kinetune_staged_kine'))
