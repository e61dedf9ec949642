-- The nodes of a YugabyteDB cluster, live ones (yb_servers() names no dead one for long).
SELECT host, port::int AS port, public_ip FROM yb_servers() ORDER BY host, port
