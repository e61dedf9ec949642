-- CurrentRev
-- releases: v0.16.3 – v0.16.4, v0.17.0
-- recorded: v0.16.4 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins; a read finds nothing or a write fails
-- how often: rarely: the revision is cached once known
-- wish: kine_pkey on (id): last entry
SELECT MAX(id) AS current_rev FROM kine
