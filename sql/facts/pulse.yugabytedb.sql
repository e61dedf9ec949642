-- The newest revision. Counters are of one node here and tell nothing (FINDINGS.md, Statistics views).
SELECT (SELECT MAX(id) FROM kine) AS max_id, 0::bigint AS changes
