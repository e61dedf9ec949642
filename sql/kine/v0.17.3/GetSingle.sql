-- GetSingle
-- releases: v0.16.6, v0.17.3 – v0.17.5
-- recorded: v0.17.5 on PostgreSQL 15
-- $1 text key  e.g. '/registry/pods/default/web-1'
-- $2 boolean include-deleted  e.g. false
-- limit: never
-- sent when: a create was refused; a Get of one key without its value
-- how often: rarely: only after a conflict
-- wish: kine_name_id_index on (name, id): last entry of the name; one row by kine_pkey
WITH ikv AS (SELECT MAX(id) AS id FROM kine WHERE name = $1 ), ckv AS (SELECT * FROM (SELECT MAX(id) AS current_rev FROM kine) AS current_rev, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact_rev), mkv AS (SELECT id, name, created, deleted, create_revision, prev_revision, lease FROM kine WHERE id = (SELECT * FROM ikv) AND (deleted = 0 OR $2)), fkv AS (SELECT * FROM mkv UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT * FROM mkv)) SELECT * FROM ckv, fkv
