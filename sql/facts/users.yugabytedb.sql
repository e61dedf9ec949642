-- Other client sessions of this node in this database. pg_locks is not read: it may be disabled (yb_enable_pg_locks),
-- and it sends a request to every tserver. The text is converted to the name of Kine's query and not kept.
SELECT a.pid,
       coalesce(a.application_name, '') AS application,
       coalesce(a.query, '') AS text,
       a.state IS NULL AND a.query LIKE '<%>' AS hidden,
       false AS locks
FROM pg_stat_activity AS a
WHERE a.datname = current_database()
  AND a.pid <> pg_backend_pid()
  AND (a.backend_type = 'client backend' OR a.backend_type IS NULL)
ORDER BY a.pid
