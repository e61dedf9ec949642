-- GetSingleVal
-- releases: v0.16.3 – v0.16.4, v0.17.0
-- recorded: v0.16.4 on PostgreSQL 15
-- $1 text key  e.g. '/registry/pods/default/web-1'
-- $2 boolean include-deleted  e.g. false
-- limit: never
-- sent when: a Get of one key; before each update and delete
-- how often: hot: once per update
-- wish: kine_name_id_index on (name, id): last entry of the name; one row by kine_pkey
SELECT current_rev, compact_rev, id, name, created, deleted, create_revision, prev_revision, lease, value FROM (SELECT MAX(id) AS current_rev FROM kine) AS current, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact, kine WHERE id = (SELECT MAX(id) AS id FROM kine WHERE name = $1 ) AND (deleted = 0 OR $2)
