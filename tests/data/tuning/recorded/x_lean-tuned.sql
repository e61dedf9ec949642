-- hazards: none

-- raise kine_id_seq from 0 to 50001
SELECT setval('kine_id_seq', GREATEST((SELECT MAX(id) FROM kine), (SELECT last_value FROM kine_id_seq)));

-- set yb_bnl_batch_size = 1024 for every new session of x_lean
ALTER DATABASE x_lean SET yb_bnl_batch_size = '1024';

