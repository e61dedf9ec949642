-- The database that some releases of Kine connect to first.
SELECT datallowconn AS allows, has_database_privilege(oid, 'CONNECT') AS granted
FROM pg_database
WHERE datname = 'postgres'
