-- CompactRev
-- releases: v0.16.3 – v0.16.4, v0.17.0
-- recorded: v0.16.4 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins; a Get finds nothing, as before each create
-- how often: hot: once per create
-- wish: kine_name_prev_revision_uindex on (name, prev_revision): last entry of 'compact_rev_key', index only
SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key'
