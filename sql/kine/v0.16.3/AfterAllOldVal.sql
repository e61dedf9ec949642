-- AfterAllOldVal
-- releases: v0.16.3 – v0.16.4, v0.17.0
-- recorded: v0.16.4 on PostgreSQL 15
-- $1 bigint after-revision  e.g. 1200
-- limit: sometimes
-- sent when: the poll loop looks for changes (LIMIT 500); Kine starts to track leases (no LIMIT)
-- how often: hot: once a second per Kine process, and 0.5 to 0.9 times per write
-- wish: kine_pkey on (id): ids after $1 in order, stops after LIMIT; current and compact revision from the ends of two indexes
SELECT current_rev, compact_rev, id, name, created, deleted, create_revision, prev_revision, lease, value, old_value FROM (SELECT MAX(id) AS current_rev FROM kine) AS current, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact, kine WHERE id > $1 ORDER BY id ASC
