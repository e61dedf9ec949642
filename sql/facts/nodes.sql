-- The live nodes of a YugabyteDB cluster and their location. yb_servers() omits a dead node after a short time.
SELECT host, port::int AS port, public_ip, cloud, region, zone FROM yb_servers() ORDER BY host, port
