-- hazards: REBUILD, SEQUENCE_CACHE

-- create the table kinetune_new_kine with hash-sharded ids
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
    CONSTRAINT kinetune_new_kine_pkey PRIMARY KEY (id HASH)
);

-- copy the rows in the order of their ids, 5,000 ids at a time
SELECT format('INSERT INTO kinetune_new_kine (id, name, created, deleted, create_revision, prev_revision, lease, value, old_value)
SELECT id, name, created, deleted, create_revision, prev_revision, lease, value, old_value
FROM kine
WHERE id BETWEEN %1$s AND %2$s
ORDER BY id
ON CONFLICT DO NOTHING',
              block * 5000, block * 5000 + 4999)
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

-- build the unique index on (name, prev_revision) on the copy
CREATE UNIQUE INDEX NONCONCURRENTLY kinetune_new_kine_name_prev_revision_uindex ON kinetune_new_kine (name HASH, prev_revision ASC);

-- build the index on (name, id, deleted) on the copy
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_list_query_index ON kinetune_new_kine (name HASH, id DESC, deleted ASC);

-- let the copy take its ids from kine_id_seq
ALTER TABLE kinetune_new_kine ALTER COLUMN id SET DEFAULT nextval('kine_id_seq'::regclass);

-- analyse the copy
ANALYZE kinetune_new_kine;

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
ALTER INDEX kine_list_query_index RENAME TO kine_before_init_kine_list_query_index;
ALTER INDEX kine_name_id_index RENAME TO kine_before_init_kine_name_id_index;
ALTER INDEX kine_name_index RENAME TO kine_before_init_kine_name_index;
ALTER INDEX kine_name_prev_revision_uindex RENAME TO kine_before_init_kine_name_prev_revision_uindex;
ALTER INDEX kine_prev_revision_index RENAME TO kine_before_init_kine_prev_revision_index;
ALTER TABLE kinetune_new_kine RENAME TO kine;

-- rename the primary key kinetune_new_kine_pkey to kine_pkey
ALTER TABLE kine RENAME CONSTRAINT kinetune_new_kine_pkey TO kine_pkey;

-- make kine_id_seq bigint, cache 1, owned by kine.id (was bigint, cache 1, increment 1, owned by kine_before_init.id)
ALTER SEQUENCE kine_id_seq AS bigint INCREMENT BY 1 CACHE 1 OWNED BY kine.id;

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

-- detach the sequence from kine_before_init
ALTER TABLE kine_before_init ALTER COLUMN id DROP DEFAULT;

