-- Keys from about 300 blocks, always the same ones (REPEATABLE): the shares of the resources without a full scan. The
-- size is that of the file, because pg_class.relpages is 0 if the table was never analysed.
SELECT name
FROM kine TABLESAMPLE SYSTEM ((
    SELECT least(100.0, 30000.0 * current_setting('block_size')::int / greatest(pg_relation_size(to_regclass('kine')), 1))
)) REPEATABLE (1)
WHERE name LIKE '/%'
LIMIT 20000
