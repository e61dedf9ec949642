-- Rows from about 300 blocks, the same each time: key, size as stored, and whether compaction may delete the row:
-- superseded by, or itself a deletion at, a revision older than the newest 1,000 (--compact-min-retain).
-- A subselect with LIMIT is looked up row by row in an index; EXISTS may become a join that reads the whole table.
WITH newest AS (SELECT MAX(id) - 1000 AS kept FROM kine)
SELECT k.name,
       coalesce(pg_column_size(k.value), 0) + coalesce(pg_column_size(k.old_value), 0) AS bytes,
       (k.deleted <> 0 AND k.id <= newest.kept)
       OR (SELECT true FROM kine AS n WHERE n.name = k.name AND n.id > k.id AND n.id <= newest.kept LIMIT 1) IS NOT NULL AS deletable
FROM kine AS k TABLESAMPLE SYSTEM ((SELECT least(100.0, 30000.0 / greatest(relpages, 1))
                                    FROM pg_class WHERE oid = to_regclass('kine'))) REPEATABLE (1)
CROSS JOIN newest
WHERE k.name <> 'compact_rev_key'
LIMIT 20000
