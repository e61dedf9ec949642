-- What pg_stat_statements has counted of statements on kine in this database. Ask only with pg_read_all_stats: on
-- YugabyteDB 2.x a role without it leaves the view's lock held and hangs the node (FINDINGS.md, Statistics views).
-- Columns differ from release to release (total_time, total_exec_time, yb_latency_histogram …): they come as one object.
SELECT s.query AS text,
       to_jsonb(s) - 'query' AS counters
FROM pg_stat_statements AS s
JOIN pg_database AS d ON d.oid = s.dbid
WHERE d.datname = current_database() AND s.query LIKE '%kine%'
