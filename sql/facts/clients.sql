-- Sessions of this database that may be Kine's: those without an application_name, as Kine's are, and those whose last
-- statement names its table. Without pg_read_all_stats, names and statements of other roles are hidden, and their
-- sessions count as nameless. Sessions of the server itself (autovacuum) have no user.
SELECT pid AS process,
       coalesce(application_name, '') AS application,
       coalesce(host(client_addr), '') AS address
FROM pg_stat_activity
WHERE datname = current_database()
  AND pid <> pg_backend_pid()
  AND usesysid IS NOT NULL
  AND coalesce(backend_type, 'client backend') = 'client backend'
  AND coalesce(application_name, '') NOT LIKE 'kinetune/%'
  AND (coalesce(application_name, '') = '' OR query ~* '\mkine\M')
ORDER BY 1
