-- create table kine
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
    CONSTRAINT kine_pkey PRIMARY KEY (id HASH)
);

-- create index nonconcurrently kine_name_index on kine
CREATE INDEX NONCONCURRENTLY kine_name_index ON kine (name HASH);

-- create index nonconcurrently kine_name_id_index on kine
CREATE INDEX NONCONCURRENTLY kine_name_id_index ON kine (name HASH, id ASC);

-- create index nonconcurrently kine_id_deleted_index on kine
CREATE INDEX NONCONCURRENTLY kine_id_deleted_index ON kine (id HASH, deleted ASC);

-- create index nonconcurrently kine_prev_revision_index on kine
CREATE INDEX NONCONCURRENTLY kine_prev_revision_index ON kine (prev_revision HASH);

-- create unique index nonconcurrently kine_name_prev_revision_uindex on kine
CREATE UNIQUE INDEX NONCONCURRENTLY kine_name_prev_revision_uindex ON kine (name HASH, prev_revision ASC);

-- create index nonconcurrently kine_list_query_index on kine
CREATE INDEX NONCONCURRENTLY kine_list_query_index ON kine (name HASH, id DESC, deleted ASC);

