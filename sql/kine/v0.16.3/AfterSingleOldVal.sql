-- AfterSingleOldVal
-- releases: v0.16.3 – v0.16.4, v0.17.0
-- recorded: v0.16.4 on PostgreSQL 15
-- $1 text key  e.g. '/registry/pods/default/web-1'
-- $2 bigint after-revision  e.g. 1200
-- limit: never
-- sent when: Kine starts and looks for its compact_rev_key rows; a watch of a single key starts at a revision
-- how often: once per start
-- wish: kine_name_id_index on (name, id): one name, ids after $2
SELECT current_rev, compact_rev, id, name, created, deleted, create_revision, prev_revision, lease, value, old_value FROM (SELECT MAX(id) AS current_rev FROM kine) AS current, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact, kine WHERE name = $1 AND id > $2 ORDER BY id ASC
