-- Sessions of the server and its limit. `hidden` is the number of sessions of this database whose state this role may
-- not see; hidden sessions of other databases count as clients.
SELECT current_setting('max_connections')::int AS most,
       current_setting('superuser_reserved_connections')::int AS reserved,
       count(*) FILTER (WHERE coalesce(backend_type, 'client backend') = 'client backend' AND datname IS NOT NULL) AS used,
       count(*) FILTER (WHERE backend_type = 'client backend' AND datname = current_database()
                        AND pid <> pg_backend_pid()) AS in_store,
       count(*) FILTER (WHERE datname = current_database() AND backend_type IS NULL) AS hidden,
       pg_backend_pid() AS own
FROM pg_stat_activity
