-- hazards: none

-- set yb_bnl_batch_size = 1024 for every new session of x_article
ALTER DATABASE x_article SET yb_bnl_batch_size = '1024';

-- set yb_enable_optimizer_statistics = on for every new session of x_article
ALTER DATABASE x_article SET yb_enable_optimizer_statistics = 'on';

-- set yb_enable_base_scans_cost_model = on for every new session of x_article
ALTER DATABASE x_article SET yb_enable_base_scans_cost_model = 'on';

-- record the time of these settings in the comment of the table kine
DO $note$ BEGIN EXECUTE format('COMMENT ON TABLE kine IS %L', 'kinetune: planner settings since ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')); END $note$;

