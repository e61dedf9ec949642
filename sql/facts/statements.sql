-- Texts of statements on kine that pg_stat_statements has seen in this database. Ask only with pg_read_all_stats:
-- on YugabyteDB 2.x a role without it leaves the view's lock held and hangs the node (FINDINGS.md, Statistics views).
SELECT s.query
FROM pg_stat_statements AS s
JOIN pg_database AS d ON d.oid = s.dbid
WHERE d.datname = current_database() AND s.query LIKE '%kine%'
