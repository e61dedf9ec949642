-- The same as live_keys, estimated from about 300 blocks: rows that are the newest of their key and not a deletion.
WITH part AS (SELECT greatest(1.0, pg_relation_size(to_regclass('kine')) / (300.0 * current_setting('block_size')::int)) AS share)
SELECT (count(*) * max(part.share))::bigint AS keys
FROM kine AS k TABLESAMPLE SYSTEM ((
    SELECT 100.0 / greatest(1.0, pg_relation_size(to_regclass('kine')) / (300.0 * current_setting('block_size')::int))
)) REPEATABLE (1)
CROSS JOIN part
WHERE k.deleted = 0
  AND k.name <> 'compact_rev_key'
  AND (SELECT true FROM kine AS n WHERE n.name = k.name AND n.id > k.id LIMIT 1) IS NULL
