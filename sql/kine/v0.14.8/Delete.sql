-- Delete
-- releases: v0.14.8 – v0.15.0
-- recorded: v0.14.16 on PostgreSQL 15
-- $1 bigint id  e.g. 1201
-- limit: never
-- sent when: Kine starts and finds more than one compact_rev_key row
-- how often: almost never
-- wish: kine_pkey on (id): one row
DELETE FROM kine AS kv WHERE kv.id = $1
