-- hazards: OFFLINE_INDEX

-- set yb_bnl_batch_size = 1024 for every new session of x_article
ALTER DATABASE x_article SET yb_bnl_batch_size = '1024';

-- set yb_enable_optimizer_statistics = on for every new session of x_article
ALTER DATABASE x_article SET yb_enable_optimizer_statistics = 'on';

-- set yb_enable_base_scans_cost_model = on for every new session of x_article
ALTER DATABASE x_article SET yb_enable_base_scans_cost_model = 'on';

-- build an empty index to reserve the name kine_name_index, next to the one in use
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_index ON kine (lease ASC) WHERE false;

-- put it in place as kine_name_index
ALTER INDEX kine_name_index RENAME TO kinetune_old_kine_name_index;
ALTER INDEX kinetune_new_kine_name_index RENAME TO kine_name_index;

-- drop the former kine_name_index
DROP INDEX kinetune_old_kine_name_index;

-- build an empty index to reserve the name kine_name_id_index, next to the one in use
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_id_index ON kine (lease ASC) WHERE false;

-- put it in place as kine_name_id_index
ALTER INDEX kine_name_id_index RENAME TO kinetune_old_kine_name_id_index;
ALTER INDEX kinetune_new_kine_name_id_index RENAME TO kine_name_id_index;

-- drop the former kine_name_id_index
DROP INDEX kinetune_old_kine_name_id_index;

-- build an empty index to reserve the name kine_id_deleted_index, next to the one in use
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_id_deleted_index ON kine (lease ASC) WHERE false;

-- put it in place as kine_id_deleted_index
ALTER INDEX kine_id_deleted_index RENAME TO kinetune_old_kine_id_deleted_index;
ALTER INDEX kinetune_new_kine_id_deleted_index RENAME TO kine_id_deleted_index;

-- drop the former kine_id_deleted_index
DROP INDEX kinetune_old_kine_id_deleted_index;

-- build an empty index to reserve the name kine_prev_revision_index, next to the one in use
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_prev_revision_index ON kine (lease ASC) WHERE false;

-- put it in place as kine_prev_revision_index
ALTER INDEX kine_prev_revision_index RENAME TO kinetune_old_kine_prev_revision_index;
ALTER INDEX kinetune_new_kine_prev_revision_index RENAME TO kine_prev_revision_index;

-- drop the former kine_prev_revision_index
DROP INDEX kinetune_old_kine_prev_revision_index;

-- build the index on (name, id, deleted), next to the one in use
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_list_query_index ON kine (name ASC, id DESC, deleted ASC);

-- put it in place as kine_list_query_index
ALTER INDEX kine_list_query_index RENAME TO kinetune_old_kine_list_query_index;
ALTER INDEX kinetune_new_kine_list_query_index RENAME TO kine_list_query_index;

-- drop the former kine_list_query_index
DROP INDEX kinetune_old_kine_list_query_index;

-- record the time of these settings in the comment of the table kine
DO $note$ BEGIN EXECUTE format('COMMENT ON TABLE kine IS %L', 'kinetune: planner settings since ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')); END $note$;

