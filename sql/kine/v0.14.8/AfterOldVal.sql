-- AfterOldVal
-- releases: v0.14.8 – v0.15.0
-- recorded: v0.14.16 on PostgreSQL 15
-- $1 text like-prefix  e.g. '/registry/pods/%'
-- $2 bigint after-revision  e.g. 1200
-- limit: sometimes
-- sent when: the poll loop looks for changes ('%', LIMIT 500); a watch starts at a revision (its prefix, no LIMIT); Kine starts ('compact_rev_key', and '/%' from revision 0: every row with both values)
-- how often: hot: once a second per Kine process, and 0.5 to 0.9 times per write
-- wish: kine_pkey on (id): ids after $2 in order, stops after LIMIT; current and compact revision from the ends of two indexes
SELECT ( SELECT MAX(rkv.id) AS id FROM kine AS rkv), ( SELECT MAX(crkv.prev_revision) AS prev_revision FROM kine AS crkv WHERE crkv.name = 'compact_rev_key'), kv.id AS theid, kv.name AS thename, kv.created, kv.deleted, kv.create_revision, kv.prev_revision, kv.lease, kv.value, kv.old_value FROM kine AS kv WHERE kv.name LIKE $1 ESCAPE '^' AND kv.id > $2 ORDER BY kv.id ASC
