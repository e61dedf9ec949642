-- Since when pg_stat_statements counts, and how many entries it has thrown away for want of room.
SELECT stats_reset AS began, dealloc AS evicted FROM pg_stat_statements_info
