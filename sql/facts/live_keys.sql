-- Keys whose newest revision is no deletion, without Kine's own compact_rev_key, counted one by one: with a time limit.
SELECT count(*) AS keys
FROM (SELECT DISTINCT ON (name) name, deleted FROM kine ORDER BY name, id DESC) AS newest
WHERE deleted = 0 AND name <> 'compact_rev_key'
