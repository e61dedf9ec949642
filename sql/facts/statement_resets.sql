-- When pg_stat_statements began to count, and how often it has evicted entries for lack of space.
SELECT stats_reset AS began, dealloc AS evicted FROM pg_stat_statements_info
