-- set yb_bnl_batch_size = 1024 for every new session of kubernetes
ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1024';

-- set yb_enable_cbo = on for every new session of kubernetes
ALTER DATABASE kubernetes SET yb_enable_cbo = 'on';

-- create the table, as kinetune_staged_kine
CREATE TABLE kinetune_staged_kine (
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

-- plant statistics in kinetune_staged_kine
INSERT INTO kinetune_staged_kine (id, name, created, deleted, create_revision, prev_revision, lease, value)
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
ANALYZE kinetune_staged_kine;
DELETE FROM kinetune_staged_kine WHERE id < 1;

-- build its 6 indexes (tuned)
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_index ON kinetune_staged_kine (lease ASC) WHERE false;
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_id_index ON kinetune_staged_kine (lease ASC) WHERE false;
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_id_deleted_index ON kinetune_staged_kine (lease ASC) WHERE false;
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_prev_revision_index ON kinetune_staged_kine (lease ASC) WHERE false;
CREATE UNIQUE INDEX NONCONCURRENTLY kinetune_new_kine_name_prev_revision_uindex ON kinetune_staged_kine (name ASC, prev_revision ASC) INCLUDE (id);
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_list_query_index ON kinetune_staged_kine (name ASC, id DESC, deleted ASC);

-- rename it to kine, and give it its sequence and the names of its indexes
CREATE SEQUENCE kine_id_seq AS bigint INCREMENT BY 1 CACHE 1 OWNED BY kinetune_staged_kine.id;
ALTER TABLE kinetune_staged_kine ALTER COLUMN id SET DEFAULT nextval('kine_id_seq'::regclass);
DO $unless$ BEGIN IF EXISTS (SELECT 1 FROM kinetune_staged_kine) THEN RAISE EXCEPTION 'kinetune_staged_kine has rows' USING ERRCODE = 'KT005'; END IF; ALTER TABLE kinetune_staged_kine RENAME TO kine; END $unless$;
ALTER TABLE kine RENAME CONSTRAINT kinetune_new_kine_pkey TO kine_pkey;
ALTER INDEX kinetune_new_kine_name_index RENAME TO kine_name_index;
ALTER INDEX kinetune_new_kine_name_id_index RENAME TO kine_name_id_index;
ALTER INDEX kinetune_new_kine_id_deleted_index RENAME TO kine_id_deleted_index;
ALTER INDEX kinetune_new_kine_prev_revision_index RENAME TO kine_prev_revision_index;
ALTER INDEX kinetune_new_kine_name_prev_revision_uindex RENAME TO kine_name_prev_revision_uindex;
ALTER INDEX kinetune_new_kine_list_query_index RENAME TO kine_list_query_index;

-- record the time of these settings in the comment of the table kine
DO $note$ BEGIN EXECUTE format('COMMENT ON TABLE kine IS %L', 'kinetune: planner settings since ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')); END $note$;

