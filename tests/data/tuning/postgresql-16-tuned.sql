-- create the table kine with 6 indexes (tuned)
BEGIN;
CREATE TABLE kine (
    id BIGSERIAL,
    name text COLLATE "C",
    created integer,
    deleted integer,
    create_revision bigint,
    prev_revision bigint,
    lease integer,
    value bytea,
    old_value bytea,
    CONSTRAINT kine_pkey PRIMARY KEY (id)
);
CREATE INDEX kine_name_index ON kine (lease) WHERE false;
CREATE INDEX kine_name_id_index ON kine (lease) WHERE false;
CREATE INDEX kine_id_deleted_index ON kine (id, deleted);
CREATE INDEX kine_prev_revision_index ON kine (lease) WHERE false;
CREATE UNIQUE INDEX kine_name_prev_revision_uindex ON kine (name, prev_revision);
CREATE INDEX kine_list_query_index ON kine (name, id DESC, deleted);
COMMIT;

