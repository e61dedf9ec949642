-- Whether pg_stat_statements exists in this database and this role may read it. Its settings exist only in a server that
-- preloads it; shared_preload_libraries itself may be read by superusers only.
SELECT to_regclass('pg_stat_statements') IS NOT NULL AS installed,
       current_setting('pg_stat_statements.max', true) IS NOT NULL AS preloaded,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS allowed
