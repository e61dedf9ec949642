-- Other client sessions of this node in this database. pg_locks is left out: it may be turned off
-- (yb_enable_pg_locks), and asks every tserver. The text goes no further than to the name of Kine's query.
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
