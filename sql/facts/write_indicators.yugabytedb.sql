-- The newest revision. Counters are per node on YugabyteDB and do not show writes of other nodes
-- (docs/facts/recorded.md §7).
SELECT (SELECT MAX(id) FROM kine) AS max_id, 0::bigint AS changes
