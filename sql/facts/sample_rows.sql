-- Rows from about 300 blocks, always the same ones: key, stored size, and whether compaction may delete the row (it is
-- superseded by, or is itself a deletion at, a revision older than the newest 1,000: --compact-min-retain). A subselect
-- with LIMIT uses an index for each row; EXISTS may become a join that reads the whole table. The size is that of the
-- file, because pg_class.relpages is 0 if the table was never analysed, and out of date if it has grown. `stands_for`
-- is the number of rows of the table per sampled row. 300 blocks contain up to 32,000 rows.
WITH newest AS (SELECT MAX(id) - 1000 AS kept FROM kine),
     part AS (SELECT greatest(1.0, pg_relation_size(to_regclass('kine')) / (300.0 * current_setting('block_size')::int)) AS share)
SELECT k.name,
       coalesce(pg_column_size(k.value), 0) + coalesce(pg_column_size(k.old_value), 0) AS bytes,
       (k.deleted <> 0 AND k.id <= newest.kept)
       OR (SELECT true FROM kine AS n WHERE n.name = k.name AND n.id > k.id AND n.id <= newest.kept LIMIT 1) IS NOT NULL AS deletable,
       part.share::float AS stands_for
FROM kine AS k TABLESAMPLE SYSTEM ((
    SELECT 100.0 / greatest(1.0, pg_relation_size(to_regclass('kine')) / (300.0 * current_setting('block_size')::int))
)) REPEATABLE (1)
CROSS JOIN newest
CROSS JOIN part
WHERE k.name <> 'compact_rev_key'
LIMIT 40000
