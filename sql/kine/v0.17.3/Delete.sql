-- Delete
-- releases: v0.16.6, v0.17.3 – v0.17.5
-- recorded: v0.17.5 on PostgreSQL 15
-- $1 bigint id  e.g. 1201
-- limit: never
-- sent when: Kine starts and finds more than one compact_rev_key row
-- how often: almost never
-- wish: kine_pkey on (id): one row
DELETE FROM kine WHERE id = $1
