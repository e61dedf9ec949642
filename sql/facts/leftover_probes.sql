-- Temporary sequences that a killed `kinetune check --probe` has left: in the current schema, owned by this role, and
-- named after a process that has ended (kinetune_probe_<seconds since 1970>_<process>).
SELECT c.relname AS name
FROM pg_class AS c
WHERE c.relkind = 'S'
  AND c.relnamespace = current_schema()::regnamespace
  AND c.relname ~ '^kinetune_probe_\d+_\d+$'
  AND pg_has_role(current_user, c.relowner, 'USAGE')
  AND NOT EXISTS (SELECT 1 FROM pg_stat_activity AS a WHERE a.pid::text = split_part(c.relname, '_', 4))
