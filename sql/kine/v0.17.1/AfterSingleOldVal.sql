-- AfterSingleOldVal
-- releases: v0.16.5, v0.17.1 – v0.17.2
-- recorded: v0.17.1 on PostgreSQL 15
-- $1 text key  e.g. '/registry/pods/default/web-1'
-- $2 bigint after-revision  e.g. 1200
-- limit: never
-- sent when: Kine starts and looks for its compact_rev_key rows
-- how often: once per start
-- wish: kine_name_id_index on (name, id): one name, ids after $2
SELECT current_rev, compact_rev, id, name, created, deleted, create_revision, prev_revision, lease, value, old_value FROM (SELECT MAX(id) AS current_rev FROM kine) AS current_rev, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact_rev, kine WHERE name = $1 AND id > $2 ORDER BY id ASC
