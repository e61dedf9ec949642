-- Keys from about 300 blocks, the same blocks each time (REPEATABLE): the shares of the resources, without a scan.
-- The size is the file's: pg_class.relpages is 0 where the table was never analysed.
SELECT name
FROM kine TABLESAMPLE SYSTEM ((
    SELECT least(100.0, 30000.0 * current_setting('block_size')::int / greatest(pg_relation_size(to_regclass('kine')), 1))
)) REPEATABLE (1)
WHERE name LIKE '/%'
LIMIT 20000
