-- For a restore: the schema for new tables, the names of its relations except those of the table of an interrupted
-- restore, the roles that may own a table there, all roles, and the indexes of that table.
SELECT current_schema() AS schema,
       ARRAY(SELECT c.relname::text
             FROM pg_class AS c
             WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema()))::oid
               AND NOT EXISTS (SELECT 1 FROM pg_index AS i
                               WHERE i.indexrelid = c.oid
                                 AND i.indrelid = to_regclass(quote_ident(current_schema()) || '.kinetune_restore'))
               AND NOT EXISTS (SELECT 1 FROM pg_depend AS d
                               WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                                 AND d.refobjid = to_regclass(quote_ident(current_schema()) || '.kinetune_restore'))
             ORDER BY 1) AS taken,
       ARRAY(SELECT r.rolname::text
             FROM pg_roles AS r
             WHERE pg_has_role(current_user, r.oid, 'MEMBER')
               AND ((SELECT own.rolsuper FROM pg_roles AS own WHERE own.rolname = current_user)
                    OR has_schema_privilege(r.oid, current_schema(), 'CREATE'))
            ) AS roles,
       ARRAY(SELECT r.rolname::text FROM pg_roles AS r) AS known,
       ARRAY(SELECT c.relname::text
             FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
             WHERE i.indrelid = to_regclass(quote_ident(current_schema()) || '.kinetune_restore') AND NOT i.indisprimary
             ORDER BY 1) AS indexes
