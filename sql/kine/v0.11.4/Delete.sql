-- Delete
-- releases: v0.11.4, v0.11.5 – v0.11.8
-- recorded: v0.11.4 on PostgreSQL 15
-- $1 integer id  e.g. 1201
-- limit: never
-- sent when: Kine starts and finds more than one compact_rev_key row
-- how often: almost never
-- wish: kine_pkey on (id): one row
DELETE FROM kine AS kv WHERE kv.id = $1
