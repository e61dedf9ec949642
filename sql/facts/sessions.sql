-- Other client sessions in this database. Kine sets no application_name, so '' is most likely Kine.
SELECT coalesce(application_name, '') AS name, count(*) AS sessions
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
GROUP BY 1
