-- For `move --fence`: who may write to kine (its owner has all rights as long as there is no list of privileges); which
-- superusers no REVOKE stops: the owner, and those of sessions without application_name, as Kine's are; which other roles
-- can write, also by a membership (pg_write_all_data) or by a privilege on columns; and the note of an earlier fence, which
-- is the comment on the column id.
SELECT c.oid::regclass::text AS address,
       col_description(c.oid, a.attnum) AS note,
       ARRAY(SELECT r.rolname::text FROM pg_roles AS r
             WHERE r.rolsuper
               AND (r.oid = c.relowner
                    OR EXISTS (SELECT 1 FROM pg_stat_activity AS s
                               WHERE s.usesysid = r.oid AND s.datname = current_database() AND s.pid <> pg_backend_pid()
                                 AND coalesce(s.application_name, '') = ''
                                 AND coalesce(s.backend_type, 'client backend') = 'client backend'))
             ORDER BY 1) AS superusers,
       ARRAY(SELECT r.rolname::text FROM pg_roles AS r
             WHERE r.rolcanlogin AND NOT r.rolsuper
               AND (has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE') OR has_table_privilege(r.oid, c.oid, 'DELETE'))
             ORDER BY 1) AS able,
       (SELECT coalesce(json_agg(json_build_array(g.role, g.privilege) ORDER BY g.role, g.privilege), '[]')
        FROM (SELECT CASE p.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(p.grantee)::text END AS role,
                     p.privilege_type::text AS privilege
              FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS p
              WHERE p.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')) AS g) AS writers
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'id'
WHERE c.oid = to_regclass('kine')
