-- All rows, counted one by one: ask it with a time limit.
SELECT count(*) AS rows FROM kine
