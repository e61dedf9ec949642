-- GetSize
-- releases: v0.16.3 – v0.16.4, v0.17.0
-- recorded: v0.16.4 on PostgreSQL 15
-- limit: never
-- sent when: the apiserver asks for the size of the store (etcd Status)
-- how often: per scrape of the apiserver's storage metrics
-- wish: no index: the sizes of the files of the table and its indexes
SELECT pg_total_relation_size('kine')
