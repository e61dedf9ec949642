-- CountAllCurrent
-- releases: v0.16.6, v0.17.3 – v0.17.5
-- recorded: v0.17.5 on PostgreSQL 15
-- $1 boolean include-deleted  e.g. false
-- limit: never
-- sent when: etcdctl get --prefix '' --count-only
-- how often: never by Kubernetes
-- wish: kine_name_id_index on (name, id): index only, the newest id of each name; kine_id_deleted_index on (id, deleted), index only
SELECT (SELECT MAX(id) AS current_rev FROM kine), COUNT(id) FROM kine INNER JOIN (SELECT MAX(id) AS id FROM kine GROUP BY name) AS mkv USING (id) WHERE (deleted = 0 OR $1)
