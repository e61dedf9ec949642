-- Client sessions of this database. A state of NULL with a text that says so is one this role may not see.
-- The text is turned into the name of Kine's query at once and goes no further: it may hold a value.
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
