-- The newest revision: one end of the primary key. As a subquery, because pg_stat_statements would count Kine's own
-- SELECT MAX(id) under the text of the one that comes first, and kinetune would not recognise it.
SELECT (SELECT MAX(id) FROM kine) AS max_id
