-- Waiting sessions and the sessions that block them, by process number on this node. Row locks of YugabyteDB are not in
-- PostgreSQL's lock table, so transactions are matched (pg_locks.ybdetails and pg_stat_activity.yb_backend_xid exist
-- since 2.19; tried on 2.21).
SELECT waiting.pid,
       array_agg(DISTINCT holding.pid) AS blocked_by
FROM pg_locks AS l
CROSS JOIN LATERAL jsonb_array_elements_text(
    CASE WHEN jsonb_typeof(to_jsonb(l) -> 'ybdetails' -> 'blocked_by') = 'array'
         THEN to_jsonb(l) -> 'ybdetails' -> 'blocked_by' ELSE '[]' END) AS blocker (transaction)
JOIN pg_stat_activity AS waiting
     ON to_jsonb(waiting) ->> 'yb_backend_xid' = to_jsonb(l) -> 'ybdetails' ->> 'transactionid'
JOIN pg_stat_activity AS holding ON to_jsonb(holding) ->> 'yb_backend_xid' = blocker.transaction
WHERE NOT l.granted AND waiting.datname = current_database()
GROUP BY waiting.pid
