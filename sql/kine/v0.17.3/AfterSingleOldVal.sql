-- AfterSingleOldVal
-- releases: v0.16.6, v0.17.3 – v0.17.5
-- recorded: v0.17.5 on PostgreSQL 15
-- $1 text key  e.g. '/registry/pods/default/web-1'
-- $2 bigint after-revision  e.g. 1200
-- limit: never
-- sent when: Kine starts and looks for its compact_rev_key rows
-- how often: once per start
-- wish: kine_name_id_index on (name, id): one name, ids after $2
WITH ckv AS (SELECT * FROM (SELECT MAX(id) AS current_rev FROM kine) AS current_rev, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact_rev), mkv AS (SELECT id, name, created, deleted, create_revision, prev_revision, lease, value, old_value FROM kine WHERE name = $1 AND id > $2), fkv AS (SELECT * FROM mkv UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT * FROM mkv)) SELECT * FROM ckv, fkv ORDER BY id ASC
