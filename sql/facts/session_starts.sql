-- When the other client sessions of this database began. Sessions of kinetune are omitted: they end soon.
SELECT backend_start AS began
FROM pg_stat_activity
WHERE datname = current_database()
  AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
  AND coalesce(application_name, '') NOT LIKE 'kinetune/%'
