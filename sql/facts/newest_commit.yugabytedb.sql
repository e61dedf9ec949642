-- YugabyteDB does not support xmin (0A000, docs/facts/recorded.md §5), so the commit time of a row is not available.
SELECT NULL::timestamptz AS at, false AS tracked, clock_timestamp() AS now
