-- Whether every line of pg_hba.conf for hosts asks for something.
SELECT coalesce(bool_and(auth_method <> 'trust'), true) AS password
FROM pg_hba_file_rules
WHERE type <> 'local' AND error IS NULL
