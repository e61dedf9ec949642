-- The schema for new tables; the names of its relations, except the tables kine and kinetune_incoming and what belongs to
-- them; the roles that may own a table there, and all roles; whether there is a table kinetune_incoming, its comment, the
-- name of its primary key, its other indexes, and those of an interrupted build.
WITH ours (name, oid) AS (
    SELECT name, to_regclass(quote_ident(current_schema()) || '.' || name)::oid
    FROM unnest(ARRAY['kine', 'kinetune_incoming']) AS name
), incoming (oid) AS (
    SELECT oid FROM ours WHERE name = 'kinetune_incoming'
), index (name, valid, main) AS (
    SELECT c.relname::text, i.indisvalid, i.indisprimary
    FROM incoming
    JOIN pg_index AS i ON i.indrelid = incoming.oid
    JOIN pg_class AS c ON c.oid = i.indexrelid
)
SELECT current_schema() AS schema,
       ARRAY(SELECT c.relname::text
             FROM pg_class AS c
             WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema()))::oid
               AND NOT EXISTS (SELECT 1 FROM ours WHERE ours.oid = c.oid)
               AND NOT EXISTS (SELECT 1 FROM pg_index AS i JOIN ours ON ours.oid = i.indrelid WHERE i.indexrelid = c.oid)
               AND NOT EXISTS (SELECT 1 FROM pg_depend AS d JOIN ours ON ours.oid = d.refobjid
                               WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
             ORDER BY 1) AS taken,
       ARRAY(SELECT r.rolname::text
             FROM pg_roles AS r
             WHERE pg_has_role(current_user, r.oid, 'MEMBER')
               AND ((SELECT own.rolsuper FROM pg_roles AS own WHERE own.rolname = current_user)
                    OR has_schema_privilege(r.oid, current_schema(), 'CREATE'))
            ) AS roles,
       ARRAY(SELECT r.rolname::text FROM pg_roles AS r) AS known,
       (SELECT oid IS NOT NULL FROM incoming) AS exists,
       (SELECT obj_description(oid, 'pg_class') FROM incoming) AS comment,
       (SELECT c.conname::text FROM pg_constraint AS c JOIN incoming ON incoming.oid = c.conrelid
        WHERE c.contype = 'p') AS key,
       ARRAY(SELECT name FROM index WHERE NOT main ORDER BY 1) AS indexes,
       ARRAY(SELECT name FROM index WHERE NOT main AND NOT valid ORDER BY 1) AS invalid
