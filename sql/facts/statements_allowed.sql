-- Whether pg_stat_statements exists in this database and this role may read it.
SELECT to_regclass('pg_stat_statements') IS NOT NULL AS installed,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS allowed
