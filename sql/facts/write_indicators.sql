-- The newest revision and the number of rows that were written. Two results differ if there were writes in between.
SELECT (SELECT MAX(id) FROM kine) AS max_id,
       coalesce((SELECT s.n_tup_ins + s.n_tup_upd + s.n_tup_del FROM pg_stat_user_tables AS s
                 WHERE s.relid = to_regclass('kine')), 0) AS changes
