-- Rows that Kine inserts for missing revisions, counted by the index on name up to 100,000.
SELECT count(*) AS gap_rows
FROM (SELECT 1 FROM kine WHERE name >= 'gap-' AND name < 'gap.' LIMIT 100000) AS gaps
