-- GetSize
-- releases: v0.9.0 – v0.11.3
-- recorded: v0.10.1 on PostgreSQL 15
-- limit: never
-- sent when: the apiserver asks for the size of the store (etcd Status)
-- how often: per scrape of the apiserver's storage metrics
-- wish: no index: the sizes of the files of the table and its indexes
SELECT pg_total_relation_size('kine')
