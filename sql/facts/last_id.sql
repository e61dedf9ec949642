-- The newest revision: one end of the primary key.
SELECT MAX(id) AS max_id FROM kine
