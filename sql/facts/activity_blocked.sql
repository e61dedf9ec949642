-- Waiting sessions and the sessions that block them, by process number.
SELECT a.pid, pg_blocking_pids(a.pid) AS blocked_by
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.wait_event_type = 'Lock' AND cardinality(pg_blocking_pids(a.pid)) > 0
