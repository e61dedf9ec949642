-- hazards: none

-- set yb_bnl_batch_size = 1024 for every new session of x_lean
ALTER DATABASE x_lean SET yb_bnl_batch_size = '1024';

-- set yb_enable_optimizer_statistics = on for every new session of x_lean
ALTER DATABASE x_lean SET yb_enable_optimizer_statistics = 'on';

-- set yb_enable_base_scans_cost_model = on for every new session of x_lean
ALTER DATABASE x_lean SET yb_enable_base_scans_cost_model = 'on';

-- raise kine_id_seq from 0 to 50001
SELECT setval('kine_id_seq', GREATEST((SELECT MAX(id) FROM kine), (SELECT last_value FROM kine_id_seq)));

-- record the time of these settings in the comment of the table kine
DO $note$ BEGIN EXECUTE format('COMMENT ON TABLE kine IS %L', 'kinetune: planner settings since ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')); END $note$;

