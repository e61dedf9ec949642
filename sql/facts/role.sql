-- The current role and its privileges. pg_has_role(…, 'USAGE') is true for superusers and for members of the owner.
SELECT r.rolname AS name,
       r.rolsuper AS superuser,
       r.rolcreatedb OR r.rolsuper AS create_database,
       coalesce(pg_has_role(current_user, c.relowner, 'USAGE'), false) AS owns_table,
       coalesce((SELECT pg_has_role(current_user, d.datdba, 'USAGE') FROM pg_database AS d
                 WHERE d.datname = current_database()), false) AS owns_database,
       coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
       current_schema()::text AS schema
FROM pg_roles AS r
LEFT JOIN pg_class AS c ON c.oid = to_regclass('kine')
WHERE r.rolname = current_user
