-- Counters are per node, and autovacuum has no work on YugabyteDB (docs/facts/yugabytedb.md §6.8, §6.9). Whether the
-- table was ever analysed is in reltuples, which all nodes share.
SELECT s.last_analyze AS analysed_at,
       NULL::timestamptz AS vacuumed_at,
       greatest(c.reltuples, 0)::bigint AS live_rows,
       0::bigint AS dead_rows,
       0::bigint AS changed_since_analysed,
       true AS autovacuum
FROM pg_class AS c
LEFT JOIN pg_stat_user_tables AS s ON s.relid = c.oid
WHERE c.oid = to_regclass('kine')
