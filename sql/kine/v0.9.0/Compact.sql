-- Compact
-- releases: v0.9.0 – v0.11.3
-- recorded: v0.10.1 on PostgreSQL 15
-- $1 integer to-revision  e.g. 2000
-- $2 integer to-revision  e.g. 2000
-- limit: never
-- sent when: compaction removes what was replaced or deleted up to a revision
-- how often: every 5 minutes, in batches of 1000 revisions, each in a SERIALIZABLE transaction of at most 5 seconds; never the newest 1000
-- wish: kine_pkey on (id) for replaced rows, kine_id_deleted_index on (id, deleted) for tombstones; every id up to the revision is read each time
DELETE FROM kine AS kv USING ( SELECT kp.prev_revision AS id FROM kine AS kp WHERE kp.name != 'compact_rev_key' AND kp.prev_revision != 0 AND kp.id <= $1 UNION SELECT kd.id AS id FROM kine AS kd WHERE kd.deleted != 0 AND kd.id <= $2 ) AS ks WHERE kv.id = ks.id
