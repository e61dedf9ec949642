-- The nodes of a YugabyteDB cluster, live ones (yb_servers() names no dead one for long), and where each stands.
SELECT host, port::int AS port, public_ip, cloud, region, zone FROM yb_servers() ORDER BY host, port
