-- YugabyteDB shows no xmin (0A000, FINDINGS.md, Errors): when a row was written is not to be had.
SELECT NULL::timestamptz AS at, false AS tracked, clock_timestamp() AS now
