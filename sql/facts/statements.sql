-- Texts of statements on kine in this database that pg_stat_statements has recorded. Read it only with
-- pg_read_all_stats: on YugabyteDB 2.x a read without it keeps the view's lock and the node hangs
-- (docs/facts/recorded.md §7).
SELECT s.query
FROM pg_stat_statements AS s
JOIN pg_database AS d ON d.oid = s.dbid
WHERE d.datname = current_database() AND s.query LIKE '%kine%'
