"""The causes of failed starts as data: SQLSTATEs and texts of lib/pq, pgx, PgBouncer, Kine and K3s, with fixes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StartCause:
    """
    `name` completes the kinds start-failed-… and start-waiting-…; `cause` and `fix` as in SignalKind.

    `program` is the one that stops: K3s itself, before or after it starts its Kine, or either of them. `fixed_in` is
    the first Kine without this cause.
    """

    name: str
    cause: str
    fix: str
    pattern: str
    states: str = ""
    rule: str = ""
    known_in: str = ""
    program: str = "Kine"
    fixed_in: str = ""


# Texts are searched in JSON and in logrus within logrus too, where a quote is preceded by backslashes.
_Q = r"\\*\""
SPECIAL_CAUSES = (
    StartCause(
        "other-token",
        "the token of K3s is not the one that this datastore was created with, or two clusters use the same database",
        "start K3s with the token of the first server (/var/lib/rancher/k3s/server/token there), or use another "
        "database in datastore-endpoint",
        r"encrypted with different token",
        program="K3s",
    ),
    StartCause(
        "unknown-flag",
        "a flag, an argument or a variable is not one of this release, or its value is missing or not valid",
        "correct or remove it, or use a release that has it; K3s has no flags for Kine's pool and compaction: set "
        "KINE_… in its environment",
        r"flag provided but not defined|flag needs an argument|invalid (?:boolean )?value \S{1,100} for (?:flag )?-|"
        r"does not accept positional arguments|from environment variable|"
        r"(?:compact-batch-size \d+ too small|interval must be greater than zero|jitter must be between)",
        rule="KT606",
        program="Kine or K3s",
    ),
    StartCause(
        "address-in-use",
        "another program listens on an address of Kine or K3s",
        "stop the other program, which may be another Kine, K3s or etcd, or use another address (--listen-address, "
        "--metrics-bind-address; K3s: --https-listen-port)",
        r"address already in use",
        program="Kine or K3s",
    ),
    StartCause(
        "no-role",
        "the role of the endpoint does not exist, or may not log in",
        'correct the user in the endpoint, or create the role: CREATE ROLE "NAME" LOGIN PASSWORD …',
        r"role \S+ (?:does not exist|is not permitted to log in)|no such user",
    ),
    StartCause(
        "client-certificate",
        "the database server requires a client certificate, and Kine sent none that it accepts",
        "pass the certificate and its key (--cert-file, --key-file; K3s: --datastore-certfile, --datastore-keyfile)",
        r"requires a valid client certificate|certificate required|certificate authentication failed",
    ),
    StartCause(
        "login-method",
        "pg_hba.conf requires LDAP, PAM, peer or another method for this role, and that login failed",
        "use scram-sha-256 for this role in pg_hba.conf and run SELECT pg_reload_conf(), or correct the login",
        r"(?:LDAP|PAM|Peer|Ident|GSSAPI|SSPI|RADIUS|BSD) authentication failed",
    ),
    StartCause(
        "no-compaction-row",
        "the table has no row compact_rev_key that this release can read: an earlier first start was interrupted, or "
        "the row was deleted",
        "stop every Kine, run kinetune check ENDPOINT, and apply the statement of KT114",
        rf"column index 0, name {_Q}(?:MAX\(\w+\.)?(?:prev_revision|compact_rev|current_rev|"
        rf"id)\)?{_Q}: converting NULL",
        rule="KT114",
    ),
    StartCause(
        "null-column",
        "a row contains a NULL that this release cannot read: v0.16.6 and v0.17.3–v0.17.5 write it",
        "stop Kine, run UPDATE kine SET create_revision = 0 WHERE create_revision IS NULL, or use the newer release "
        "again",
        r"converting NULL to int64",
        rule="KT901",
        known_in="Kine up to v0.16.5, v0.17.0–v0.17.2",
    ),
    StartCause(
        "database-postgres",
        "the role cannot connect to the database postgres; Kine v0.11.0–v0.11.2 connects to it before its own database",
        "upgrade to Kine v0.11.4 or later (K3s 1.28.7, 1.29.2), or create the database postgres and let the role "
        "connect to it; if the endpoint itself names the database postgres, name one that exists",
        rf"building kine: .*(?:database=postgres`|database{_Q}? ?{_Q}postgres{_Q})"
        r".*SQLSTATE (?:3D000|28000|42501|55000)\)",
        rule="KT618",
        known_in="Kine v0.11.0–v0.11.2 (K3s 1.28.4–1.28.6, 1.29.0–1.29.1)",
        fixed_in="v0.11.4",
    ),
    StartCause(
        "database-not-created",
        "the database of the endpoint does not exist, and the role may not create databases",
        'create it as another role: CREATE DATABASE "NAME" OWNER "ROLE"',
        r"permission denied to create database",
    ),
    StartCause(
        "schema-migration",
        "KINE_SCHEMA_MIGRATION is set, and the table has no sequence kine_id_seq that it could change",
        "remove KINE_SCHEMA_MIGRATION from the environment of Kine or K3s",
        r"kine_id_seq\S* does not exist",
        rule="KT115",
    ),
    StartCause(
        "unsupported-statement",
        "the server does not support a statement of Kine: it is neither PostgreSQL nor YugabyteDB",
        "use PostgreSQL or YugabyteDB, or a release of this server that supports the statement",
        r"\bunimplemented\b|at or near \S+: syntax error|"
        r"failed to create driver for .*(?:SQLSTATE 42601|syntax error at or near)",
    ),
    StartCause(
        "unreadable-file",
        "Kine cannot read a certificate or a key that the endpoint or an option names",
        "correct the path and its permissions (a private key must not be readable by others), or remove the option",
        r"\bopen /\S+: (?:no such file or directory|permission denied)|unable to read CA file|"
        r"failed to find any PEM data|parse pem in sslrootcert|has group or world access|unable to add CA to cert pool|"
        r"private key does not match",
    ),
    StartCause(
        "local-permission",
        "this machine denies Kine a file, a socket or a port, or the path does not exist",
        "create the folder of the path in the example, and correct its owner and permissions; a firewall may deny "
        "connections too",
        r"(?:connect|bind): (?:permission denied|operation not permitted)|unable to open database file|"
        r"readonly database",
    ),
    StartCause(
        "pooler",
        "a prepared statement is missing on its connection: a transaction pooler (PgBouncer) is in between",
        "connect to the server directly, use session pooling, or add default_query_exec_mode=exec to the endpoint",
        r"prepared statement \S+ (?:does not exist|already exists)",
        rule="KT407",
    ),
    StartCause(
        "pooler-parameter",
        "the pooler (PgBouncer) rejects a parameter of the endpoint",
        "add it to ignore_startup_parameters of PgBouncer, or remove it from the endpoint",
        r"unsupported startup parameter",
        rule="KT407",
    ),
    StartCause(
        "pooler-server",
        "the pooler (PgBouncer) cannot connect or log in to its database server",
        "read the pooler's log, and correct host, database, user and password of the server in its configuration",
        r"pgbouncer cannot connect to server|server login has been failing|client_login_timeout|query_wait_timeout",
    ),
    StartCause(
        "no-schema",
        "the schema in which Kine would create its table does not exist, or search_path names none",
        "create the schema, or correct search_path in the endpoint or of the role",
        r"no schema has been selected|schema \S+ does not exist",
    ),
    StartCause(
        "duplicate-rows",
        "the table has rows with the same name and prev_revision, so that its unique index cannot be created",
        "stop every Kine, and run kinetune check ENDPOINT",
        r"could not create unique index",
        rule="KT104",
    ),
    StartCause(
        "concurrent-start",
        "another Kine, or a DDL statement, creates or changes the schema at the same time",
        "start it again when the other one has started; kinetune init ENDPOINT prepares the schema before the first "
        "start",
        r"pg_(?:type|class)_\w+_index|unique constraint \W{0,8}kine_|relation \S+ already exists|"
        r"tuple concurrently updated|schema version mismatch|"
        r"Catalog Version Mismatch|catalog snapshot used|MISMATCHED_SCHEMA",
    ),
)
"""Known by their text alone, which says more than the SQLSTATE that some of them quote."""
USUAL_CAUSES = (
    StartCause(
        "password",
        "the database server refused the password of Kine's role",
        "correct the user and the password in the endpoint (percent-encode special characters), or set the password "
        "with ALTER ROLE … PASSWORD",
        r"(?:password|SASL) authentication failed|no password supplied|empty password returned",
        "28P01",
    ),
    StartCause(
        "pg-hba",
        "pg_hba.conf does not allow this host, role, database and encryption",
        "add a line to pg_hba.conf and run SELECT pg_reload_conf(); if the message says 'no encryption' or 'SSL off', "
        "use sslmode=require",
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "28000",
    ),
    StartCause(
        "authentication-method",
        "this release's driver does not support the authentication method of the server, such as SCRAM or a plugin",
        "upgrade Kine or K3s, or set the password again with a method that it supports (password_encryption = md5)",
        r"unknown authentication (?:response|type)|authentication plugin is not supported|unsupported auth|"
        r"requires mysql native password",
    ),
    StartCause(
        "closed-database",
        "the database of the endpoint accepts no connections",
        'ALTER DATABASE "NAME" ALLOW_CONNECTIONS true',
        r"not currently accepting connections",
        "55000",
    ),
    StartCause(
        "no-database",
        "the database of the endpoint does not exist, and Kine could not create it",
        'create it: CREATE DATABASE "NAME" OWNER "ROLE" (Kine v0.13.0 and later uses the name in lower case)',
        r"database \S+ does not exist|no such database",
        "3D000",
    ),
    StartCause(
        "database-name",
        "the server rejects a statement as a syntax error: before v0.13.0 Kine creates the database without quotes, "
        "which fails for a name with a dash or a reserved word",
        "create the database before the start, with its name in double quotes, or use small letters and underscores",
        r"syntax error at or near",
        "42601",
        known_in="Kine before v0.13.0",
        fixed_in="v0.13.0",
    ),
    StartCause(
        "no-privilege",
        "the role has not the privilege to create or use the table",
        "GRANT CREATE, USAGE ON SCHEMA public TO the role, or make it the owner of the database (kinetune check "
        "ENDPOINT)",
        r"permission denied|must be owner of",
        "42501",
    ),
    StartCause(
        "read-only",
        "the server refuses writes: it is a standby, or default_transaction_read_only is on",
        'connect to the primary (target_session_attrs=read-write), or ALTER DATABASE "NAME" RESET '
        "default_transaction_read_only",
        r"in a read-only transaction|during recovery|read only connection",
        "25006",
        rule="KT411",
    ),
    StartCause(
        "no-connections",
        "the server or the pooler has no free connection",
        "raise max_connections of the server, or lower the connection limits of its clients",
        r"too many (?:clients already|connections)|remaining connection slots|no more connections allowed|Too many "
        r"connections|max clients reached|max_user_connections",
        "53300",
        rule="KT701",
    ),
    StartCause(
        "server-starting",
        "the server starts, stops or recovers, and accepts no connections yet",
        "wait, and read the server's own log if it takes longer than a minute",
        r"the database system is (?:starting up|shutting down|not (?:yet )?accepting|in recovery)|"
        r"not yet prepared node",
        "57P03 57P01 57P02",
    ),
    StartCause(
        "statement-timeout",
        "the server canceled a statement of the start: statement_timeout or lock_timeout was reached",
        "end the session that locks the table (pg_locks), or raise these timeouts for Kine's role: an index on a large "
        "table takes minutes",
        r"due to (?:statement|lock) timeout|Lock wait timeout exceeded",
        "57014 55P03",
    ),
    StartCause(
        "node-timeout",
        "a tablet server or the master of YugabyteDB did not answer in time",
        "check the nodes: yugabyted status, and kinetune check ENDPOINT",
        r"Timed out: |RPC \(request call id \d+\)|\bService unavailable: |Network error: ",
        rule="KT409",
    ),
    StartCause(
        "unknown-parameter",
        "the endpoint has a parameter, or a value of one, that neither Kine's driver nor the server knows",
        "correct or remove it in the endpoint",
        r"unrecognized configuration parameter|invalid value for parameter|cannot be changed now|"
        r"cannot be set after connection start",
        "22023 55P02",
        rule="KT607",
    ),
    StartCause(
        "certificate-expired",
        "the certificate of the database server has expired or is not yet valid; it is not one of K3s' own, because "
        "the error is inside Kine",
        "renew the certificate of the database server and reload it; check the clock of both machines",
        r"certificate has expired or is not yet valid|certificate has expired|expired certificate",
    ),
    StartCause(
        "certificate",
        "Kine does not trust the certificate of the database server, or the server does not trust Kine's",
        "pass the authority of the database server (--ca-file, sslrootcert; K3s: --datastore-cafile), or connect by a "
        "name that is in the certificate",
        r"x509: |tls: (?:failed to verify|bad certificate|unknown certificate)|remote error: tls",
    ),
    StartCause(
        "invalid-endpoint",
        "the endpoint cannot be parsed",
        "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE and percent-encode special characters of the "
        "password (@ is %40, # is %23, / is %2F)",
        rf"parse {_Q}|cannot parse `|invalid port |invalid URL escape|storage backend is not defined|unknown driver|"
        r"invalid datastore endpoint|failed to parse datastore DSN|unsupported sslmode|sslmode is invalid|unknown port|"
        rf"missing {_Q}={_Q} after|no default driver found",
        rule="KT607",
    ),
    StartCause(
        "no-sqlite",
        "this build has no SQLite, and no endpoint of another database was read",
        "set --endpoint=postgres://…; check that no blank or quote precedes the flag",
        r"without CGO|go-sqlite3 requires cgo",
        rule="KT607",
    ),
    StartCause(
        "unknown-host",
        "the name of the database host cannot be resolved",
        "correct the host in the endpoint, or the DNS of this machine",
        r"no such host|server misbehaving|Temporary failure in name resolution|hostname resolving error|"
        r"dial tcp: lookup ",
    ),
    StartCause(
        "refused",
        "the database server does not accept connections at the host and port of the endpoint",
        "start the database server, or correct the host and the port; check listen_addresses and the firewall",
        r"connection refused|connect: no such file or directory|no servers available for connection",
        "08001 08004",
    ),
    StartCause(
        "timeout",
        "the database server does not answer in time",
        "check the network and the firewall between Kine and the database server",
        r"i/o timeout|no route to host|network is unreachable|deadline exceeded|connection timed out|nats: timeout",
        "08000 08006",
    ),
    StartCause(
        "connection-closed",
        "the other end closed the connection: another program listens there, or a proxy has no server",
        "check that the host and the port are those of the database server",
        r"unexpected EOF|\bEOF\b|server closed the connection|bad connection|connection reset by peer|"
        r"failed to receive message|broken pipe",
        "08003",
    ),
    StartCause(
        "other-table",
        "the database has a table, view or sequence named kine that Kine cannot work with",
        "use another database in the endpoint (kinetune check ENDPOINT shows the difference)",
        r"column \S+ (?:of relation \S+ )?does not exist|is not a table|violates not-null constraint|"
        r"cannot create index on",
        "42703 42809 23502 42804 42P16",
        rule="KT101",
    ),
    StartCause(
        "serialization",
        "the server aborted a statement because of a concurrent transaction",
        "start it again; if it is repeated, find out what else writes to the table",
        r"could not serialize access|deadlock detected|[Rr]estart read required|\b40001\b",
        "40001 40P01",
    ),
    StartCause(
        "no-space",
        "the server has no space or memory left, or cannot write its files",
        "free space on the server, and check its file system",
        r"No space left on device|database or disk is full|disk I/O error|Read-only file system|[Tt]able '\S+' is full",
        "53100 53200 58030",
    ),
    # Last, because pgx first tries TLS and lists this beside the error of its second attempt.
    StartCause(
        "no-tls",
        "the endpoint requires TLS, and the database server does not offer it (Kine up to v0.9.9 requires TLS by "
        "default)",
        "enable TLS on the server, or add sslmode=disable to the endpoint on a network that you trust",
        r"SSL is not enabled on the server|server refused TLS connection|"
        r"first record does not look like a TLS handshake",
        rule="KT802",
    ),
)
