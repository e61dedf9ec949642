-- Counters are of one node and autovacuum has nothing to do here (facts/yugabytedb.md §6.8, §6.9): whether the table was
-- analysed at all is told by reltuples, which the whole cluster shares.
SELECT s.last_analyze AS analysed_at,
       NULL::timestamptz AS vacuumed_at,
       greatest(c.reltuples, 0)::bigint AS live_rows,
       0::bigint AS dead_rows,
       0::bigint AS changed_since_analysed,
       true AS autovacuum
FROM pg_class AS c
LEFT JOIN pg_stat_user_tables AS s ON s.relid = c.oid
WHERE c.oid = to_regclass('kine')
