-- The progress of a running index build on kine from 0 to 1: by blocks while the table is read, then by tuples. And the
-- server process whose transaction it waits for, if any.
SELECT nullif(current_locker_pid, 0) AS waits_for,
       coalesce(nullif(blocks_done, 0)::float / nullif(blocks_total, 0), tuples_done::float / nullif(tuples_total, 0), 0) AS share
FROM pg_stat_progress_create_index
WHERE relid = to_regclass('kine') AND datname = current_database()
