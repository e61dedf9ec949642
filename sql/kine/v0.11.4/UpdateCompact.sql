-- UpdateCompact
-- releases: v0.11.4, v0.11.5 – v0.11.8
-- recorded: v0.11.4 on PostgreSQL 15
-- $1 integer to-revision  e.g. 2000
-- limit: never
-- sent when: compaction stores the revision that it has reached
-- how often: once per batch of a compaction
-- wish: kine_name_prev_revision_uindex on (name, prev_revision): the one entry of 'compact_rev_key'
UPDATE kine SET prev_revision = $1 WHERE name = 'compact_rev_key'
