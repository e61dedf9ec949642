-- Sessions of this database that may be Kine's: those without a name, as Kine's are, and those whose last statement
-- named its table. query is hidden from a role without pg_read_all_stats, and so are the names of others' sessions.
SELECT pid AS process,
       coalesce(application_name, '') AS application,
       coalesce(host(client_addr), '') AS address
FROM pg_stat_activity
WHERE datname = current_database()
  AND pid <> pg_backend_pid()
  AND coalesce(backend_type, 'client backend') = 'client backend'
  AND coalesce(application_name, '') NOT LIKE 'kinetune/%'
  AND (coalesce(application_name, '') = '' OR query ~* '\mkine\M')
ORDER BY 1
