-- Delete
-- releases: v0.9.0 – v0.11.3
-- recorded: v0.10.1 on PostgreSQL 15
-- $1 integer id  e.g. 1201
-- limit: never
-- sent when: Kine starts and finds more than one compact_rev_key row
-- how often: almost never
-- wish: kine_pkey on (id): one row
DELETE FROM kine AS kv WHERE kv.id = $1
