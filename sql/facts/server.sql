-- What the server says of itself, and where we are.
SELECT version() AS version,
       current_setting('server_version_num')::int AS number,
       current_database() AS database
