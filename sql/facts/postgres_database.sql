-- The database to which some releases of Kine connect first.
SELECT datallowconn AS allows, has_database_privilege(oid, 'CONNECT') AS granted
FROM pg_database
WHERE datname = 'postgres'
