-- AllCurrent
-- releases: v0.16.5, v0.17.1 – v0.17.2
-- recorded: v0.17.1 on PostgreSQL 15
-- $1 boolean include-deleted  e.g. false
-- limit: never
-- sent when: Kine starts and looks for objects with a lease; etcdctl get --prefix '' --keys-only
-- how often: once per start; it ignores its limit and reads every key
-- wish: kine_name_id_index on (name, id): index only, the newest id of each name; every key has to be read
SELECT current_rev, compact_rev, id, name, created, deleted, create_revision, prev_revision, lease FROM (SELECT MAX(id) AS current_rev FROM kine) AS current_rev, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact_rev, kine INNER JOIN (SELECT MAX(id) AS id FROM kine GROUP BY name) AS mkv USING (id) WHERE (deleted = 0 OR $1) ORDER BY name ASC
