-- create the table kine
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
    CONSTRAINT kine_pkey PRIMARY KEY (id ASC)
);

-- create the index kine_name_index
CREATE INDEX NONCONCURRENTLY kine_name_index ON kine (lease ASC) WHERE false;

-- create the index kine_name_id_index
CREATE INDEX NONCONCURRENTLY kine_name_id_index ON kine (lease ASC) WHERE false;

-- create the index kine_id_deleted_index
CREATE INDEX NONCONCURRENTLY kine_id_deleted_index ON kine (id ASC, deleted ASC);

-- create the index kine_prev_revision_index
CREATE INDEX NONCONCURRENTLY kine_prev_revision_index ON kine (prev_revision ASC);

-- create the index kine_name_prev_revision_uindex
CREATE UNIQUE INDEX NONCONCURRENTLY kine_name_prev_revision_uindex ON kine (name ASC, prev_revision ASC) INCLUDE (id);

-- create the index kine_list_query_index
CREATE INDEX NONCONCURRENTLY kine_list_query_index ON kine (name ASC, id DESC, deleted ASC);

-- set yb_bnl_batch_size = 1024 for every new session of kubernetes
ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1024';

