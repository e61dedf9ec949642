-- Temporary sequences that a killed `kinetune check --probe` has left. A node does not see the processes of other
-- nodes, so sequences older than ten minutes count as left (kinetune_probe_<seconds since 1970>_<process>).
SELECT c.relname AS name
FROM pg_class AS c
WHERE c.relkind = 'S'
  AND c.relnamespace = current_schema()::regnamespace
  AND c.relname ~ '^kinetune_probe_\d+_\d+$'
  AND pg_has_role(current_user, c.relowner, 'USAGE')
  AND split_part(c.relname, '_', 3)::bigint < extract(epoch FROM clock_timestamp()) - 600
