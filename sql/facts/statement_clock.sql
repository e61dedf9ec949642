-- The server's time, and whether pg_stat_statements_info exists (PostgreSQL 14), which statement_resets.sql reads.
SELECT clock_timestamp() AS now,
       to_regclass('pg_stat_statements_info') IS NOT NULL AS has_resets
