"""Everything that uses psycopg: sessions, observation, EXPLAIN, backups, and the execution of scripts."""
