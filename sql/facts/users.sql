-- Other client sessions of this database, and whether they hold a lock on kine or one of its indexes. The text is
-- converted to the name of Kine's query immediately and not kept, because it may contain a value.
SELECT a.pid,
       coalesce(a.application_name, '') AS application,
       coalesce(a.query, '') AS text,
       a.state IS NULL AND a.query LIKE '<%>' AS hidden,
       EXISTS (SELECT 1
               FROM pg_locks AS l
               WHERE l.pid = a.pid
                 AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
                 AND (l.relation = to_regclass('kine')
                      OR l.relation IN (SELECT i.indexrelid FROM pg_index AS i WHERE i.indrelid = to_regclass('kine')))
              ) AS locks
FROM pg_stat_activity AS a
WHERE a.datname = current_database()
  AND a.pid <> pg_backend_pid()
  AND (a.backend_type = 'client backend' OR a.backend_type IS NULL)
ORDER BY a.pid
