-- The server's time, and whether it tells when its counters began (PostgreSQL 14; statement_resets.sql asks).
SELECT clock_timestamp() AS now,
       to_regclass('pg_stat_statements_info') IS NOT NULL AS tells
