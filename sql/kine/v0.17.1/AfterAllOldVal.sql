-- AfterAllOldVal
-- releases: v0.16.5, v0.17.1 – v0.17.2
-- recorded: v0.17.1 on PostgreSQL 15
-- $1 bigint after-revision  e.g. 1200
-- limit: sometimes
-- sent when: the poll loop looks for changes (LIMIT 500); a watch of any resource starts at a revision (no LIMIT)
-- how often: hot: once a second per Kine process, and 0.3 to 0.9 times per write; per watch start
-- wish: kine_pkey on (id): ids after $1 in order, stops after LIMIT; current and compact revision from the ends of two indexes
SELECT current_rev, compact_rev, id, name, created, deleted, create_revision, prev_revision, lease, value, old_value FROM (SELECT MAX(id) AS current_rev FROM kine) AS current_rev, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact_rev, kine WHERE id > $1 ORDER BY id ASC
