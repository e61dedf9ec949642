-- YugabyteDB has no TABLESAMPLE: the oldest and the newest 1,000 revisions are the sample.
WITH newest AS (SELECT MAX(id) - 1000 AS kept FROM kine),
     sampled AS ((SELECT * FROM kine ORDER BY id LIMIT 1000) UNION (SELECT * FROM kine ORDER BY id DESC LIMIT 1000))
SELECT k.name,
       coalesce(length(k.value), 0) + coalesce(length(k.old_value), 0) AS bytes,
       (k.deleted <> 0 AND k.id <= newest.kept)
       OR EXISTS (SELECT 1 FROM kine AS n WHERE n.name = k.name AND n.id > k.id AND n.id <= newest.kept) AS deletable
FROM sampled AS k
CROSS JOIN newest
WHERE k.name <> 'compact_rev_key'
