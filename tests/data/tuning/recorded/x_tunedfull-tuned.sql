-- hazards: OFFLINE_INDEX

-- build an empty index to hold the name kine_name_index, beside the one in use
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_index ON kine (lease ASC) WHERE false;

-- put it in place as kine_name_index
ALTER INDEX kine_name_index RENAME TO kinetune_old_kine_name_index;
ALTER INDEX kinetune_new_kine_name_index RENAME TO kine_name_index;

-- drop the former kine_name_index
DROP INDEX kinetune_old_kine_name_index;

-- build an empty index to hold the name kine_name_id_index, beside the one in use
CREATE INDEX NONCONCURRENTLY kinetune_new_kine_name_id_index ON kine (lease ASC) WHERE false;

-- put it in place as kine_name_id_index
ALTER INDEX kine_name_id_index RENAME TO kinetune_old_kine_name_id_index;
ALTER INDEX kinetune_new_kine_name_id_index RENAME TO kine_name_id_index;

-- drop the former kine_name_id_index
DROP INDEX kinetune_old_kine_name_id_index;

-- set yb_bnl_batch_size = 1024 for every new session of x_tunedfull
ALTER DATABASE x_tunedfull SET yb_bnl_batch_size = '1024';

