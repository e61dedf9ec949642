-- CountAllRevision
-- releases: v0.16.6, v0.17.3 – v0.17.5
-- recorded: v0.17.5 on PostgreSQL 15
-- $1 bigint revision  e.g. 1200
-- $2 boolean include-deleted  e.g. false
-- limit: never
-- sent when: etcdctl get --prefix '' --count-only --rev N
-- how often: never by Kubernetes
-- wish: kine_name_id_index on (name, id): index only, the newest id up to $1 of each name; kine_id_deleted_index on (id, deleted), index only
SELECT (SELECT MAX(id) AS current_rev FROM kine), (SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key'), COUNT(id) FROM kine INNER JOIN (SELECT MAX(id) AS id FROM kine WHERE id <= $1 GROUP BY name) AS mkv USING (id) WHERE (deleted = 0 OR $2)
