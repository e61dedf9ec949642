-- Whether a new session of this role may write. reset_val is the value that server, database and role have set.
SELECT pg_is_in_recovery() AS standby,
       coalesce((SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only'), false) AS read_only
