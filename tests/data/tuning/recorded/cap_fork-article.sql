-- hazards: REBUILD

-- set yb_bnl_batch_size = 1024 for every new session of cap_fork
ALTER DATABASE cap_fork SET yb_bnl_batch_size = '1024';

-- set yb_enable_optimizer_statistics = on for every new session of cap_fork
ALTER DATABASE cap_fork SET yb_enable_optimizer_statistics = 'on';

-- set yb_enable_base_scans_cost_model = on for every new session of cap_fork
ALTER DATABASE cap_fork SET yb_enable_base_scans_cost_model = 'on';

-- create the table kinetune_new_kine with ids in one order
CREATE TABLE public.kinetune_new_kine (
    id bigint NOT NULL,
    name text COLLATE "C",
    created integer,
    deleted integer,
    create_revision bigint,
    prev_revision bigint,
    lease integer,
    value bytea,
    old_value bytea,
    CONSTRAINT kinetune_new_kine_pkey PRIMARY KEY (id ASC)
);

-- plant statistics in kinetune_new_kine
INSERT INTO kinetune_new_kine (id, name, created, deleted, create_revision, prev_revision, lease, value)
SELECT row_number() OVER (ORDER BY revision, object, resource) - 2001,
       '/registry/' || resource || '/namespace-' || object % 5 || '/object-' || object,
       (revision = 0)::int, 0, 0, revision, 0, repeat('v', 500)::bytea
FROM generate_series(0, 4) AS revision,
     generate_series(1, 10) AS object,
     unnest(ARRAY[
         'apiregistration.k8s.io/apiservices', 'clusterrolebindings', 'clusterroles', 'configmaps', 'controllerrevisions',
         'cronjobs', 'csinodes', 'daemonsets', 'deployments', 'endpointslices',
         'events', 'flowschemas', 'helmcharts', 'horizontalpodautoscalers', 'ingress',
         'jobs', 'k3s.cattle.io/addons', 'leases', 'limitranges', 'masterleases',
         'minions', 'namespaces', 'networkpolicies', 'persistentvolumeclaims', 'persistentvolumes',
         'poddisruptionbudgets', 'pods', 'podtemplates', 'priorityclasses', 'prioritylevelconfigurations',
         'ranges', 'replicasets', 'resourcequotas', 'rolebindings', 'roles',
         'secrets', 'serviceaccounts', 'services', 'statefulsets', 'storageclasses'
     ]) AS resource;
ANALYZE kinetune_new_kine;
DELETE FROM kinetune_new_kine WHERE id < 1;

-- copy the rows in the order of their ids, 5,000 ids at a time
SELECT format('INSERT INTO kinetune_new_kine (id, name, created, deleted, create_revision, prev_revision, lease, value, old_value)
SELECT id, name, created, deleted, create_revision, prev_revision, lease, value, old_value
FROM kine
WHERE id BETWEEN %1$s AND %2$s
  AND id > (SELECT coalesce(MAX(id), 0) FROM kinetune_new_kine)
ORDER BY id',
              block * 5000, least(block * 5000 + 4999, 2147483647))
FROM (SELECT DISTINCT id::bigint / 5000 AS block
      FROM kine
      WHERE id > (SELECT coalesce(MAX(id), 0) FROM kinetune_new_kine)) AS blocks
ORDER BY block
\gexec

-- build the index on (name) on the copy
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_index ON kinetune_new_kine (name HASH);

-- build the index on (name, id) on the copy
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_id_index ON kinetune_new_kine (name HASH, id ASC);

-- build the index on (id, deleted) on the copy
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_id_deleted_index ON kinetune_new_kine (id HASH, deleted ASC);

-- build the index on (prev_revision) on the copy
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_prev_revision_index ON kinetune_new_kine (prev_revision HASH);

-- build the unique index on (name, prev_revision) including id on the copy
CREATE UNIQUE INDEX NONCONCURRENTLY kinetune_new_kine_name_prev_revision_uindex ON kinetune_new_kine (name ASC, prev_revision ASC) INCLUDE (id);

-- build the index on (name, id, deleted) on the copy
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_list_query_index ON kinetune_new_kine (name HASH, id DESC, deleted ASC);

-- let the copy take its ids from kine_id_seq, which replaces kine_seq
CREATE SEQUENCE IF NOT EXISTS public.kine_id_seq AS bigint INCREMENT BY 1 CACHE 1 OWNED BY public.kinetune_new_kine.id;
SELECT setval('kine_id_seq', GREATEST((SELECT MAX(id) FROM kine), (SELECT last_value FROM kine_seq)));
ALTER TABLE kinetune_new_kine ALTER COLUMN id SET DEFAULT nextval('kine_id_seq'::regclass);

-- compare kinetune_new_kine with kine: number, first and last id and checksum of every 5,000 ids
DO $compare$
DECLARE
    wrong bigint;
BEGIN
    SELECT block * 5000 INTO wrong
    FROM (
        SELECT id::bigint / 5000 AS block, count(*) AS number, MIN(id) AS low, MAX(id) AS high,
               sum(('x' || left(md5(ROW(id, name, created, deleted, create_revision, prev_revision, lease, md5(value), md5(old_value))::text), 16))::bit(64)::bigint) AS marks
        FROM kine
        GROUP BY 1
    ) AS old
    FULL JOIN (
        SELECT id::bigint / 5000 AS block, count(*) AS number, MIN(id) AS low, MAX(id) AS high,
               sum(('x' || left(md5(ROW(id, name, created, deleted, create_revision, prev_revision, lease, md5(value), md5(old_value))::text), 16))::bit(64)::bigint) AS marks
        FROM kinetune_new_kine
        GROUP BY 1
    ) AS new USING (block)
    WHERE (old.number, old.low, old.high, old.marks) IS DISTINCT FROM (new.number, new.low, new.high, new.marks)
    ORDER BY 1
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the copy differs from kine in the ids from % to %', wrong, wrong + 4999 USING ERRCODE = 'KT002';
    END IF;
END
$compare$;

-- rename kine to kine_before_init and the copy to kine
ALTER TABLE kine RENAME TO kine_before_init;
DO $unwritten$ BEGIN IF (SELECT MAX(id) FROM kine_before_init) IS DISTINCT FROM (SELECT MAX(id) FROM kinetune_new_kine) THEN RAISE EXCEPTION 'kine was written to after it was compared' USING ERRCODE = 'KT003'; END IF; END $unwritten$;
ALTER TABLE kine_before_init RENAME CONSTRAINT kine_pkey TO kine_before_init_kine_pkey;
ALTER INDEX kine_id_deleted_index RENAME TO kine_before_init_kine_id_deleted_index;
ALTER INDEX kine_name_id_index RENAME TO kine_before_init_kine_name_id_index;
ALTER INDEX kine_name_index RENAME TO kine_before_init_kine_name_index;
ALTER INDEX kine_name_prev_revision_uindex RENAME TO kine_before_init_kine_name_prev_revision_uindex;
ALTER INDEX kine_prev_revision_index RENAME TO kine_before_init_kine_prev_revision_index;
ALTER TABLE kinetune_new_kine RENAME TO kine;

-- rename the primary key kinetune_new_kine_pkey to kine_pkey
ALTER TABLE kine RENAME CONSTRAINT kinetune_new_kine_pkey TO kine_pkey;

-- put it in place as kine_name_index
ALTER INDEX kinetune_new_kine_name_index RENAME TO kine_name_index;

-- put it in place as kine_name_id_index
ALTER INDEX kinetune_new_kine_name_id_index RENAME TO kine_name_id_index;

-- put it in place as kine_id_deleted_index
ALTER INDEX kinetune_new_kine_id_deleted_index RENAME TO kine_id_deleted_index;

-- put it in place as kine_prev_revision_index
ALTER INDEX kinetune_new_kine_prev_revision_index RENAME TO kine_prev_revision_index;

-- put it in place as kine_name_prev_revision_uindex
ALTER INDEX kinetune_new_kine_name_prev_revision_uindex RENAME TO kine_name_prev_revision_uindex;

-- put it in place as kine_list_query_index
ALTER INDEX kinetune_new_kine_list_query_index RENAME TO kine_list_query_index;

-- record the time of these settings in the comment of the table kine
DO $note$ BEGIN EXECUTE format('COMMENT ON TABLE kine IS %L', 'kinetune: planner settings since ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')); END $note$;

