-- The relation that the name kine means with this search_path, as for Kine, and the tables of a rebuild in its schema.
-- reltuples is -1 if the table was never analysed (0 before PostgreSQL 14 and on YugabyteDB 2.x). `attached` are
-- objects that a rebuilt table would lack; internal triggers of constraints are not among them.
SELECT c.relname AS "table",
       n.nspname AS schema,
       c.relkind::text AS kind,
       c.relpersistence = 'u' AS unlogged,
       c.reltuples::bigint AS rows,
       pg_table_size(c.oid) AS bytes,
       pg_get_userbyid(c.relowner) AS owner,
       obj_description(c.oid, 'pg_class') AS comment,
       ARRAY(SELECT p.privilege_type || ' ' || CASE WHEN p.grantee = 0 THEN '' ELSE pg_get_userbyid(p.grantee) END
             FROM aclexplode(c.relacl) AS p
             WHERE p.grantee <> c.relowner
             ORDER BY 1) AS grants,
       ARRAY(SELECT 'the trigger ' || t.tgname FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
             UNION ALL
             SELECT 'the policy ' || p.polname FROM pg_policy AS p WHERE p.polrelid = c.oid
             UNION ALL
             SELECT 'its row level security' WHERE c.relrowsecurity
             UNION ALL
             SELECT 'the rights on its column ' || a.attname FROM pg_attribute AS a
             WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
             UNION ALL
             SELECT DISTINCT 'the right of ' || pg_get_userbyid(p.grantee) || ' to pass its rights on'
             FROM aclexplode(c.relacl) AS p WHERE p.is_grantable AND p.grantee <> c.relowner
             UNION ALL
             SELECT 'the storage parameter ' || o FROM unnest(c.reloptions) AS o
             UNION ALL
             SELECT 'the extended statistics ' || s.stxname FROM pg_statistic_ext AS s WHERE s.stxrelid = c.oid
             UNION ALL
             SELECT 'the publication ' || p.pubname
             FROM pg_publication_rel AS m JOIN pg_publication AS p ON p.oid = m.prpubid
             WHERE m.prrelid = c.oid
             UNION ALL
             SELECT DISTINCT CASE WHEN v.oid = c.oid THEN 'the rule ' || r.rulename ELSE 'the view ' || v.relname END
             FROM pg_depend AS d
             JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
             JOIN pg_class AS v ON v.oid = r.ev_class
             WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND c.relkind = 'r'
             ORDER BY 1) AS attached
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid IN (to_regclass('kine'), to_regclass('kinetune_new_kine'), to_regclass('kine_before_init'),
                to_regclass('kinetune_staged_kine'))
