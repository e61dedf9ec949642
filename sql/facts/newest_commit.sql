-- The commit time of the newest revision; NULL if track_commit_timestamp is off, or was off at that time.
SELECT CASE WHEN current_setting('track_commit_timestamp')::bool THEN pg_xact_commit_timestamp(k.xmin) END AS at,
       current_setting('track_commit_timestamp')::bool AS tracked,
       clock_timestamp() AS now
FROM kine AS k
ORDER BY k.id DESC
LIMIT 1
