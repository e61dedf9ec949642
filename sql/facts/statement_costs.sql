-- The counters of pg_stat_statements for statements on kine in this database. Read it only with pg_read_all_stats: on
-- YugabyteDB 2.x a read without it keeps the view's lock and the node hangs (docs/facts/recorded.md §7). Columns differ
-- by release (total_time, total_exec_time, yb_latency_histogram …), so they are returned as one object.
SELECT s.query AS text,
       to_jsonb(s) - 'query' AS counters
FROM pg_stat_statements AS s
JOIN pg_database AS d ON d.oid = s.dbid
WHERE d.datname = current_database() AND s.query LIKE '%kine%'
