-- Whether no line of pg_hba.conf for hosts uses the method trust.
SELECT coalesce(bool_and(auth_method <> 'trust'), true) AS password
FROM pg_hba_file_rules
WHERE type <> 'local' AND error IS NULL
