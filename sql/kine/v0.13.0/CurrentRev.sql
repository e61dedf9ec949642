-- CurrentRev
-- releases: v0.13.0 – v0.13.19
-- recorded: v0.13.9 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins; a read finds nothing or a write fails
-- how often: rarely: the revision is cached once known
-- wish: kine_pkey on (id): last entry
SELECT MAX(rkv.id) AS id FROM kine AS rkv
