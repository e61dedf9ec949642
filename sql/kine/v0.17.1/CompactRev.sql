-- CompactRev
-- releases: v0.16.5, v0.17.1 – v0.17.2
-- recorded: v0.17.1 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins; a Get finds nothing, as before each create
-- how often: hot: once per create
-- wish: kine_name_prev_revision_uindex on (name, prev_revision): last entry of 'compact_rev_key', index only
SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key'
