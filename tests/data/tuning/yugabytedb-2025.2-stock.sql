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
    CONSTRAINT kinetune_new_kine_pkey PRIMARY KEY (id HASH)
);

-- build its 6 indexes (stock)
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_index ON kinetune_staged_kine (name HASH);
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_id_index ON kinetune_staged_kine (name HASH, id ASC);
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_id_deleted_index ON kinetune_staged_kine (id HASH, deleted ASC);
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_prev_revision_index ON kinetune_staged_kine (prev_revision HASH);
CREATE UNIQUE INDEX NONCONCURRENTLY kinetune_new_kine_name_prev_revision_uindex ON kinetune_staged_kine (name HASH, prev_revision ASC);
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_list_query_index ON kinetune_staged_kine (name HASH, id DESC, deleted ASC);

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

