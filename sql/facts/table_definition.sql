-- The owner of the table kine; its valid indexes as statements for the table that a restore fills; and the privileges of
-- other roles on it and on its sequence ('' is PUBLIC).
SELECT pg_get_userbyid(t.relowner) AS owner,
       ARRAY(SELECT c.relname::text
             FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
             WHERE i.indrelid = t.oid AND i.indisvalid AND NOT i.indisprimary
             ORDER BY i.indexrelid) AS names,
       ARRAY(SELECT replace(pg_get_indexdef(i.indexrelid), format(' ON %I.%I ', n.nspname, t.relname), ' ON kinetune_incoming ')
             FROM pg_index AS i
             WHERE i.indrelid = t.oid AND i.indisvalid AND NOT i.indisprimary
             ORDER BY i.indexrelid) AS definitions,
       coalesce((SELECT json_agg(json_build_object('kind', g.kind, 'role', g.role, 'privilege', g.privilege)
                                 ORDER BY g.kind DESC, g.role, g.privilege)
                 FROM (SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
                              CASE p.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(p.grantee)::text END AS role,
                              p.privilege_type::text AS privilege
                       FROM pg_class AS c
                       CROSS JOIN LATERAL aclexplode(c.relacl) AS p
                       WHERE p.grantee <> c.relowner
                         AND (c.oid = t.oid
                              OR c.oid IN (SELECT d.refobjid
                                           FROM pg_attrdef AS a
                                           JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid
                                                              AND d.refclassid = 'pg_class'::regclass
                                           WHERE a.adrelid = t.oid AND c.relkind = 'S'))) AS g), '[]') AS grants
FROM pg_class AS t
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE t.oid = to_regclass('kine')
