-- When the other client sessions of this database began; those of kinetune itself end by themselves.
SELECT backend_start AS began
FROM pg_stat_activity
WHERE datname = current_database()
  AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
  AND coalesce(application_name, '') NOT LIKE 'kinetune/%'
