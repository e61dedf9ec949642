-- Settings of ALTER DATABASE … SET that apply to all roles.
SELECT split_part(setting, '=', 1) AS name,
       substr(setting, strpos(setting, '=') + 1) AS value
FROM pg_db_role_setting AS s
JOIN pg_database AS d ON d.oid = s.setdatabase
CROSS JOIN unnest(s.setconfig) AS setting
WHERE d.datname = current_database() AND s.setrole = 0
