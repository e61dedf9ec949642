-- Client sessions of this database. `hidden`: state is NULL and the text says that this role may not see it. The text
-- is converted to the name of Kine's query immediately and not kept, because it may contain a value.
SELECT a.pid,
       coalesce(a.query, '') AS text,
       a.state,
       extract(epoch FROM clock_timestamp()
               - CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END)::float AS seconds,
       coalesce(a.application_name, '') AS application,
       coalesce(a.wait_event_type || ': ' || a.wait_event, '') AS waits_for,
       a.state IS NULL AND a.query LIKE '<%>' AS hidden
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND (a.backend_type = 'client backend' OR a.backend_type IS NULL)
