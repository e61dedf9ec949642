-- Kine keeps the compacted revision in prev_revision of the one row called compact_rev_key, and for the API server's own
-- compaction VERSION|VALUE in compact_rev_key_apiserver (before v0.14.10 the version alone).
SELECT count(*) AS compaction_rows,
       max(prev_revision) AS compacted_revision,
       coalesce((SELECT position('|'::bytea IN value) = 0 FROM kine
                 WHERE name = 'compact_rev_key_apiserver' ORDER BY id DESC LIMIT 1), false) AS bare_revision
FROM kine
WHERE name = 'compact_rev_key'
