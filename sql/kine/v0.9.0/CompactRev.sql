-- CompactRev
-- releases: v0.9.0 – v0.11.3
-- recorded: v0.10.1 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins
-- how often: a few times per compaction
-- wish: kine_name_prev_revision_uindex on (name, prev_revision): last entry of 'compact_rev_key', index only
SELECT MAX(crkv.prev_revision) AS prev_revision FROM kine AS crkv WHERE crkv.name = 'compact_rev_key'
