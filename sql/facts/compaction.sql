-- Kine keeps the compacted revision in prev_revision of the one row called compact_rev_key.
SELECT count(*) AS compaction_rows, max(prev_revision) AS compacted_revision
FROM kine
WHERE name = 'compact_rev_key'
