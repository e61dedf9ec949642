-- The key that was written most often in the newest 1,000 revisions.
SELECT name
FROM (SELECT name FROM kine ORDER BY id DESC LIMIT 1000) AS newest
WHERE name LIKE '/%'
GROUP BY name
ORDER BY count(*) DESC, name
LIMIT 1
