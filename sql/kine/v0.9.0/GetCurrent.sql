-- GetCurrent
-- releases: v0.9.0 – v0.11.3
-- recorded: v0.10.1 on PostgreSQL 15
-- $1 text like-prefix  e.g. '/registry/pods/%'
-- $2 boolean include-deleted  e.g. false
-- limit: sometimes
-- sent when: a list without a revision: first page, watch cache; a Get of one key (LIMIT 1, no wildcard), also before each create, update and delete; Kine starts and looks for leases (LIMIT 1000)
-- how often: hot as Get: once per write; heavy as list: bursts when an apiserver starts
-- wish: kine_name_id_index on (name, id): index only, the newest id of each name of the prefix; rows by kine_pkey
SELECT * FROM ( SELECT ( SELECT MAX(rkv.id) AS id FROM kine AS rkv), ( SELECT MAX(crkv.prev_revision) AS prev_revision FROM kine AS crkv WHERE crkv.name = 'compact_rev_key'), kv.id AS theid, kv.name, kv.created, kv.deleted, kv.create_revision, kv.prev_revision, kv.lease, kv.value, kv.old_value FROM kine AS kv JOIN ( SELECT MAX(mkv.id) AS id FROM kine AS mkv WHERE mkv.name LIKE $1 GROUP BY mkv.name) AS maxkv ON maxkv.id = kv.id WHERE kv.deleted = 0 OR $2 ) AS lkv ORDER BY lkv.theid ASC
