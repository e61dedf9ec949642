-- A table kine in a schema of search_path on which this role has no USAGE: name resolution skips such a schema without
-- an error.
SELECT n.nspname AS schema
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = 'kine'
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND NOT has_schema_privilege(n.oid, 'USAGE')
  AND n.nspname IN (SELECT CASE btrim(p, ' "') WHEN '$user' THEN current_user ELSE btrim(p, ' "') END
                    FROM unnest(string_to_array(current_setting('search_path'), ',')) AS p)
ORDER BY 1
