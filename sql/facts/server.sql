-- The version of the server as text and as number.
SELECT version() AS version,
       current_setting('server_version_num')::int AS number,
       current_database() AS database
