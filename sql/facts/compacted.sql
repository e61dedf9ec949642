-- The compacted revision: Kine stores it in prev_revision of the row compact_rev_key.
SELECT coalesce(MAX(prev_revision), 0) AS revision FROM kine WHERE name = 'compact_rev_key'
