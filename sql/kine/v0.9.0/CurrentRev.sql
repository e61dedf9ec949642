-- CurrentRev
-- releases: v0.9.0 – v0.11.3
-- recorded: v0.10.1 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins; a read finds nothing or a write fails
-- how often: once per Get that finds nothing, hence once per create
-- wish: kine_pkey on (id): last entry
SELECT MAX(rkv.id) AS id FROM kine AS rkv
