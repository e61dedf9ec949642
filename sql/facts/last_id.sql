-- The newest revision: one step from the end of the primary key.
SELECT MAX(id) AS max_id FROM kine
