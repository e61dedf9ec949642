-- Rows that Kine puts into missing revisions, counted along the index on name and not beyond 100,000.
SELECT count(*) AS gap_rows
FROM (SELECT 1 FROM kine WHERE name >= 'gap-' AND name < 'gap.' LIMIT 100000) AS gaps
