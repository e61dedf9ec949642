-- CompactRev
-- releases: v0.16.6, v0.17.3 – v0.17.5
-- recorded: v0.17.5 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins
-- how often: a few times per compaction
-- wish: kine_name_prev_revision_uindex on (name, prev_revision): last entry of 'compact_rev_key', index only
SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key'
