"""
The causes of failed starts on MySQL, MariaDB, SQLite and NATS, where the fix is not that of PostgreSQL.

The messages of MariaDB 10.11 and of NATS without a server come from real starts of Kine v0.9.9, v0.14.16 and v0.17.5,
others from the sources of go-sql-driver/mysql, SQLite and nats.go, and from k3s#1153.
"""

from __future__ import annotations

from kinetune.kine.start_causes import StartCause

OTHER_STORE_CAUSES = (
    StartCause(
        "mysql-privilege",
        "the MySQL user has not the privilege to create or use the database or the table",
        "GRANT ALL ON the database of the endpoint TO the user",
        r"Access denied for user \S+ to database|command denied to user|Access denied; you need",
    ),
    StartCause(
        "mysql-password",
        "MySQL refused the user or the password of the endpoint",
        "correct the user and the password in the endpoint, or set the password with ALTER USER …; MariaDB "
        "says the same to a user that requires TLS (REQUIRE SSL)",
        r"Access denied for user",
    ),
    StartCause(
        "mysql-endpoint",
        "the MySQL endpoint cannot be parsed",
        "write it as mysql://USER:PASSWORD@tcp(HOST:PORT)/DATABASE",
        r"default addr for network|invalid DSN",
        rule="KT607",
    ),
    StartCause(
        "mysql-database",
        "the MySQL database does not exist, and Kine could not create it",
        "create it: CREATE DATABASE NAME",
        r"Unknown database",
    ),
    StartCause(
        "mysql-database-name",
        "MySQL rejects a statement as a syntax error: before v0.13.0 Kine creates the database without quotes, which "
        "fails for a name with a dash",
        "create the database before the start, with its name in backticks, or use small letters and underscores",
        r"error in your SQL syntax",
        known_in="Kine before v0.13.0",
        fixed_in="v0.13.0",
    ),
    StartCause(
        "mysql-read-only",
        "MySQL refuses writes: it is a replica, or read_only is on",
        "connect to the primary, or SET GLOBAL read_only = OFF if the server is one",
        r"--read-only option|Running in read-only mode|READ ONLY transaction",
    ),
    StartCause(
        "mysql-no-tls",
        "the endpoint requires TLS, and MySQL does not offer it",
        "enable TLS on the server, or remove tls=… from the endpoint on a network that you trust",
        r"server does not support TLS",
    ),
    StartCause(
        "mysql-host",
        "MySQL does not accept this host",
        "create the user for this host (CREATE USER 'NAME'@'HOST'); if the message says 'blocked', run FLUSH HOSTS",
        r"is not allowed to connect to this M|is blocked because of many connection errors",
    ),
    StartCause(
        "mysql-requires-tls",
        "MySQL accepts only encrypted connections (require_secure_transport)",
        "pass the authority of the server (--ca-file; K3s: --datastore-cafile), or add tls=true to the endpoint",
        r"require_secure_transport",
    ),
    StartCause(
        "short-index-keys",
        "this MySQL or MariaDB is too old: its longest index key is shorter than Kine's",
        "use a newer server: MariaDB 10.4 works (k3s#1153)",
        r"Specified key was too long",
    ),
    StartCause(
        "database-locked",
        "another process uses the SQLite file",
        "stop it: only one Kine or K3s may use the file",
        r"database is locked|SQLITE_BUSY",
    ),
    StartCause(
        "damaged-file",
        "the file is damaged, or is not an SQLite database",
        "correct the path in the endpoint, or restore the file from a backup",
        r"disk image is malformed|file is not a database",
    ),
    StartCause(
        "no-jetstream",
        "the NATS server has no JetStream, or not for this account",
        "enable JetStream on the NATS server and for the account",
        r"[Jj]et[Ss]tream not enabled",
    ),
    StartCause(
        "nats-login",
        "the NATS server refused the login",
        "correct the credentials in the endpoint",
        r"nats: Authorization Violation",
    ),
)
"""Known by their text, searched before the causes of start_causes.py that are known by a SQLSTATE."""
