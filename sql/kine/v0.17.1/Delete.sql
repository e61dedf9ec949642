-- Delete
-- releases: v0.16.5, v0.17.1 – v0.17.2
-- recorded: v0.17.1 on PostgreSQL 15
-- $1 bigint id  e.g. 1201
-- limit: never
-- sent when: Kine starts and finds more than one compact_rev_key row
-- how often: almost never
-- wish: kine_pkey on (id): one row
DELETE FROM kine WHERE id = $1
