-- CompactRev
-- releases: v0.11.4, v0.11.5 – v0.11.8
-- recorded: v0.11.4 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins
-- how often: a few times per compaction
-- wish: kine_name_prev_revision_uindex on (name, prev_revision): last entry of 'compact_rev_key', index only
SELECT MAX(crkv.prev_revision) AS prev_revision FROM kine AS crkv WHERE crkv.name = 'compact_rev_key'
