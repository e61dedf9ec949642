-- How this session is connected, the privileges of PUBLIC on kine, and whether the server listens on TCP.
SELECT coalesce(inet_client_addr() IS NULL OR inet_client_addr() <<= '127.0.0.0/8'::inet
                OR inet_client_addr() = '::1'::inet OR inet_client_addr() = inet_server_addr(), true) AS local,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls,
       ARRAY(SELECT p.privilege_type::text
             FROM pg_class AS c
             CROSS JOIN LATERAL aclexplode(c.relacl) AS p
             WHERE c.oid = to_regclass('kine') AND p.grantee = 0
             ORDER BY 1) AS public,
       current_setting('listen_addresses') <> '' AS tcp,
       has_function_privilege('pg_hba_file_rules()', 'EXECUTE') AND has_table_privilege('pg_hba_file_rules', 'SELECT') AS hba
