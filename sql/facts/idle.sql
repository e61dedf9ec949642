-- Sessions of this database that are idle in an open transaction.
SELECT coalesce(a.application_name, '') AS application,
       extract(epoch FROM now() - a.state_change)::float AS seconds,
       EXISTS (SELECT 1 FROM pg_locks AS l WHERE l.pid = a.pid AND l.relation = to_regclass('kine')) AS on_table
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.state LIKE 'idle in transaction%' AND a.pid <> pg_backend_pid()
ORDER BY 2 DESC
