-- Settings that affect the plans of Kine's queries or the session of kinetune.
SELECT name, setting
FROM pg_settings
WHERE name IN ('max_connections', 'default_transaction_isolation', 'plan_cache_mode', 'jit', 'work_mem', 'shared_buffers',
               'random_page_cost', 'effective_cache_size', 'autovacuum', 'server_encoding')
   OR name LIKE 'yb\_%'
UNION ALL
SELECT 'lc_collate', datcollate FROM pg_database WHERE datname = current_database()
