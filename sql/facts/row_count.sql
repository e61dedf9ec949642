-- The exact number of rows. It reads the whole table, so run it with a statement_timeout.
SELECT count(*) AS rows FROM kine
