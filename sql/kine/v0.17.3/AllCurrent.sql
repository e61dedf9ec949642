-- AllCurrent
-- releases: v0.16.6, v0.17.3 – v0.17.5
-- recorded: v0.17.5 on PostgreSQL 15
-- $1 boolean include-deleted  e.g. false
-- limit: never
-- sent when: Kine starts and looks for objects with a lease; etcdctl get --prefix '' --keys-only
-- how often: once per start; it ignores its limit and reads every key
-- wish: kine_name_id_index on (name, id): index only, the newest id of each name; every key has to be read
WITH ikv AS (SELECT MAX(id) AS id FROM kine GROUP BY name), ckv AS (SELECT * FROM (SELECT MAX(id) AS current_rev FROM kine) AS current_rev, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact_rev), mkv AS (SELECT id, name, created, deleted, create_revision, prev_revision, lease FROM kine INNER JOIN ikv USING (id) WHERE (deleted = 0 OR $1)), fkv AS (SELECT * FROM mkv UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT * FROM mkv)) SELECT * FROM ckv, fkv ORDER BY name ASC
