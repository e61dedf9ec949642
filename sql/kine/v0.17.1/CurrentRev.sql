-- CurrentRev
-- releases: v0.16.5, v0.17.1 – v0.17.2
-- recorded: v0.17.1 on PostgreSQL 15
-- limit: never
-- sent when: Kine starts; compaction begins; a read finds nothing or a write fails
-- how often: rarely: the revision is cached once known
-- wish: kine_pkey on (id): last entry
SELECT MAX(id) AS current_rev FROM kine
