-- Keys whose newest revision is not a deletion, except Kine's own compact_rev_key. Counted exactly, so run it with a
-- statement_timeout.
SELECT count(*) AS keys
FROM (SELECT DISTINCT ON (name) name, deleted FROM kine ORDER BY name, id DESC) AS newest
WHERE deleted = 0 AND name <> 'compact_rev_key'
