-- AfterAllOldVal
-- releases: v0.16.6, v0.17.3 – v0.17.5
-- recorded: v0.17.5 on PostgreSQL 15
-- $1 bigint after-revision  e.g. 1200
-- limit: sometimes
-- sent when: the poll loop looks for changes (LIMIT 500); a watch of any resource starts at a revision (no LIMIT)
-- how often: hot: once a second per Kine process, and 0.3 to 0.9 times per write; per watch start
-- wish: kine_pkey on (id): ids after $1 in order, stops after LIMIT; current and compact revision from the ends of two indexes
WITH ckv AS (SELECT * FROM (SELECT MAX(id) AS current_rev FROM kine) AS current_rev, (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key') AS compact_rev), mkv AS (SELECT id, name, created, deleted, create_revision, prev_revision, lease, value, old_value FROM kine WHERE id > $1), fkv AS (SELECT * FROM mkv UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT * FROM mkv)) SELECT * FROM ckv, fkv ORDER BY id ASC
