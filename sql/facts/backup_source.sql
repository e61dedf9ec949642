-- The table kine by its full name, its owner, and its valid indexes as statements for the table that a restore fills.
SELECT t.oid::regclass::text AS address,
       pg_get_userbyid(t.relowner) AS owner,
       ARRAY(SELECT c.relname::text
             FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
             WHERE i.indrelid = t.oid AND i.indisvalid AND NOT i.indisprimary
             ORDER BY i.indexrelid) AS names,
       ARRAY(SELECT replace(pg_get_indexdef(i.indexrelid), format(' ON %I.%I ', n.nspname, t.relname), ' ON kinetune_restore ')
             FROM pg_index AS i
             WHERE i.indrelid = t.oid AND i.indisvalid AND NOT i.indisprimary
             ORDER BY i.indexrelid) AS definitions
FROM pg_class AS t
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE t.oid = to_regclass('kine')
