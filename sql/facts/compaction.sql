-- Kine stores the compacted revision in prev_revision of the row compact_rev_key. For the API server's own compaction
-- it stores VERSION|VALUE in compact_rev_key_apiserver (before v0.14.10 only the version).
SELECT count(*) AS compaction_rows,
       max(prev_revision) AS compacted_revision,
       coalesce((SELECT position('|'::bytea IN value) = 0 FROM kine
                 WHERE name = 'compact_rev_key_apiserver' ORDER BY id DESC LIMIT 1), false) AS bare_revision
FROM kine
WHERE name = 'compact_rev_key'
