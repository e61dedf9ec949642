-- Delete
-- releases: v0.13.0 – v0.13.19
-- recorded: v0.13.9 on PostgreSQL 15
-- $1 bigint id  e.g. 1201
-- limit: never
-- sent when: Kine starts and finds more than one compact_rev_key row
-- how often: almost never
-- wish: kine_pkey on (id): one row
DELETE FROM kine AS kv WHERE kv.id = $1
