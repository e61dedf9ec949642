-- The table kine by its full name, and its indexes as statements for a copy in another schema. pg_get_indexdef always
-- includes the schema, so it can be replaced.
SELECT format('%I.%I', n.nspname, t.relname) AS address,
       ARRAY(SELECT replace(pg_get_indexdef(i.indexrelid),
                            format(' ON %I.%I ', n.nspname, t.relname),
                            ' ON kinetune_shadow.kine ')
             FROM pg_index AS i
             WHERE i.indrelid = t.oid AND i.indisvalid
             ORDER BY i.indexrelid) AS definitions
FROM pg_class AS t
JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE t.oid = to_regclass('kine')
