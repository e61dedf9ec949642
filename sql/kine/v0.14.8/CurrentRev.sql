-- CurrentRev
-- releases: v0.14.8 – v0.15.0
-- recorded: v0.14.16 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins; a read finds nothing or a write fails
-- how often: rarely: the revision is cached once known
-- wish: kine_pkey on (id): last entry
SELECT MAX(rkv.id) AS id FROM kine AS rkv
