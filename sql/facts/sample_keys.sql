-- Keys from about 300 blocks, the same blocks each time (REPEATABLE): the shares of the resources, without a scan.
SELECT name
FROM kine TABLESAMPLE SYSTEM ((SELECT least(100.0, 30000.0 / greatest(relpages, 1)) FROM pg_class WHERE oid = to_regclass('kine'))) REPEATABLE (1)
WHERE name LIKE '/%'
LIMIT 20000
