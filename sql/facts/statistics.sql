-- The last manual or automatic ANALYZE and VACUUM of kine, its counters, and whether autovacuum is on for it.
SELECT greatest(s.last_analyze, s.last_autoanalyze) AS analysed_at,
       greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed_at,
       s.n_live_tup AS live_rows,
       s.n_dead_tup AS dead_rows,
       s.n_mod_since_analyze AS changed_since_analysed,
       current_setting('autovacuum')::bool
       AND coalesce((SELECT bool_and(o.option_value::bool)
                     FROM pg_options_to_table(c.reloptions) AS o
                     WHERE o.option_name = 'autovacuum_enabled'), true) AS autovacuum
FROM pg_stat_user_tables AS s
JOIN pg_class AS c ON c.oid = s.relid
WHERE s.relid = to_regclass('kine')
