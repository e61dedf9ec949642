"""Lines that end or delay a start, each with its cause: as Kine, K3s, lib/pq, pgx and their envelopes write them."""

from __future__ import annotations

import pytest

from kinetune.kine.signals import match_signal
from kinetune.kine.start_failures import START_KINDS
from kinetune.model.hotspot import Signal
from tests.logs.harness import scanned

BUILDING = "starting kubernetes: preparing server: creating storage endpoint: building kine: "
PGX = "failed to connect to `user=k database=k`: 10.0.0.1:5432 (db): "
CAUSES = {
    "password": (PGX + 'failed SASL auth: FATAL: password authentication failed for user "k" (SQLSTATE 28P01)', "pq: password authentication failed for user \"k\"", PGX + "server error: FATAL: SASL authentication failed (SQLSTATE 08P01)"),
    "mysql-password": ("Error 1045 (28000): Access denied for user 'k'@'10.0.0.9' (using password: YES)",),
    "mysql-privilege": ("Error 1044 (42000): Access denied for user 'k'@'%' to database 'kubernetes'", "Error 1142 (42000): CREATE command denied to user 'k'@'10.0.0.9' for table 'kine'"),
    "mysql-host": ("Error 1130: Host '10.0.0.9' is not allowed to connect to this MySQL server", "Error 1130: Host '10.0.0.9' is not allowed to connect to this MariaDB server"),
    "mysql-requires-tls": ("Error 3159 (HY000): Connections using insecure transport are prohibited while --require_secure_transport=ON.",),
    "short-index-keys": ("Error 1071: Specified key was too long; max key length is 1000 bytes",),
    "database-locked": ("database is locked (5) (SQLITE_BUSY)",),
    "damaged-file": ("database disk image is malformed", "file is not a database"),
    "no-jetstream": ("nats: JetStream not enabled", "nats: jetstream not enabled for account"),
    "nats-login": ("failed to connect to NATS server: nats: Authorization Violation",),
    "no-role": ('pq: role "k" does not exist', PGX + 'server error: FATAL: role "k" is not permitted to log in (SQLSTATE 28000)', "pq: no such user: k"),
    "client-certificate": (PGX + "server error: FATAL: connection requires a valid client certificate (SQLSTATE 28000)", PGX + "tls error: remote error: tls: certificate required"),
    "login-method": (PGX + 'server error: FATAL: LDAP authentication failed for user "k" (SQLSTATE 28000)',),
    "local-permission": ("dial unix /run/postgresql/.s.PGSQL.5432: connect: permission denied", "unable to open database file: permission denied", "attempt to write a readonly database (8)", "listen unix kine.sock: bind: permission denied"),
    "pooler": ('ERROR: prepared statement "stmtcache_1" does not exist (SQLSTATE 26000)',),
    "pooler-parameter": ("pq: unsupported startup parameter: search_path", PGX + "server error: FATAL: unsupported startup parameter: search_path (SQLSTATE 08P01)"),
    "pooler-server": ("pq: pgbouncer cannot connect to server", PGX + "server error: FATAL: server login has been failing, try again later (server_login_retry) (SQLSTATE 08P01)"),
    "no-schema": ("pq: no schema has been selected to create in", 'ERROR: schema "k" does not exist (SQLSTATE 3F000)'),
    "duplicate-rows": ('ERROR: could not create unique index "kine_name_prev_revision_uindex" (SQLSTATE 23505)',),
    "statement-timeout": ("pq: canceling statement due to lock timeout", "ERROR: translated (SQLSTATE 57014)", "Error 1205 (HY000): Lock wait timeout exceeded; try restarting transaction"),
    "node-timeout": ("ERROR: Timed out: CreateTable RPC (request call id 7) to 127.0.0.1:7100 timed out after 120s (SQLSTATE XX000)",),
    "pg-hba": (PGX + 'server error: FATAL: no pg_hba.conf entry for host "10.0.0.9", user "k", database "k", no encryption (SQLSTATE 28000)', 'pq: no pg_hba.conf entry for host "10.0.0.9", user "k", database "k", SSL off'),
    "no-database": (PGX + 'server error: FATAL: database "k" does not exist (SQLSTATE 3D000)', 'pq: database "k" does not exist'),
    "database-not-created": ("ERROR: permission denied to create database (SQLSTATE 42501)", "pq: permission denied to create database"),
    "no-privilege": ("ERROR: permission denied for schema public (SQLSTATE 42501)", "pq: must be owner of table kine"),
    "read-only": ("ERROR: cannot execute CREATE TABLE in a read-only transaction (SQLSTATE 25006)", "pq: cannot execute CREATE TABLE in a read-only transaction", "ERROR: something translated (SQLSTATE 25006)"),
    "mysql-read-only": ("Error 1290 (HY000): The MySQL server is running with the --read-only option so it cannot execute this statement", "Error 1792 (25006): Cannot execute statement in a READ ONLY transaction."),
    "mysql-endpoint": ("default addr for network '127.0.0.1:3306' unknown", "invalid DSN: missing the slash separating the database name"),
    "mysql-database": ("Error 1049: Unknown database 'k'",),
    "mysql-database-name": ("Error 1064: You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near '-db' at line 1",),
    "mysql-no-tls": ("TLS requested but server does not support TLS",),
    "no-connections": (PGX + "server error: FATAL: sorry, too many clients already (SQLSTATE 53300)", "pq: remaining connection slots are reserved for non-replication superuser connections", "Error 1226 (42000): User 'k' has exceeded the 'max_user_connections' resource (current value: 10)"),
    "server-starting": (PGX + "server error: FATAL: the database system is starting up (SQLSTATE 57P03)", "pq: the database system is shutting down"),
    "unknown-parameter": (PGX + 'server error: FATAL: unrecognized configuration parameter "foo" (SQLSTATE 42704)', 'pq: unrecognized configuration parameter "foo"', PGX + 'server error: FATAL: invalid value for parameter "statement_timeout": "abc" (SQLSTATE 22023)'),
    "certificate-expired": ("x509: certificate has expired or is not yet valid: current time 2022-02-14T08:14:01Z is after 2022-02-10T12:00:00Z", PGX + "tls error: tls: failed to verify certificate: x509: certificate has expired or is not yet valid"),
    "certificate": ("x509: certificate signed by unknown authority", "x509: certificate is valid for db1, not db2"),
    "no-tls": ("pq: SSL is not enabled on the server", PGX + "tls error: server refused TLS connection"),
    "invalid-endpoint": ('parse "postgres://…": invalid port ":5432k0s" after host', "storage backend is not defined", "cannot parse `postgres://…`: failed to configure TLS (sslmode is invalid)", "invalid datastore endpoint; endpoint should be a DSN URI in the format <scheme>://<authority>"),
    "no-sqlite": ("this binary is built without CGO, sqlite is disabled",),
    "unknown-host": ("dial tcp: lookup db.invalid on 10.255.255.53:53: no such host", "failed to connect to `user=k database=k`: hostname resolving error: lookup db on 127.0.0.11:53: server misbehaving", "dial tcp: lookup db: i/o timeout", "dial tcp: lookup db on 10.43.0.10:53: read udp 10.0.0.9:41->10.43.0.10:53: i/o timeout"),
    "refused": ("dial tcp 10.0.0.91:5432: connect: connection refused", PGX + "dial error: dial tcp 10.0.0.1:5432: connect: connection refused"),
    "timeout": ("dial tcp 10.0.0.91:5432: i/o timeout", PGX + "dial error: timeout: context deadline exceeded"),
    "connection-closed": (PGX + "failed to receive message: unexpected EOF", "read tcp 10.0.0.9:41:->10.0.0.1:5432: read: connection reset by peer"),
    "other-table": ('ERROR: column "deleted" does not exist (SQLSTATE 42703)', 'pq: cannot create index on relation "kine"'),
    "unsupported-statement": ('ERROR: at or near "collate": syntax error (SQLSTATE 42601)', 'pq: at or near "where": syntax error: unimplemented: this syntax',),
    "schema-migration": ('ERROR: relation "kine_id_seq" does not exist (SQLSTATE 42P01)',),
    "authentication-method": ("pq: unknown authentication response: 10",),
    "closed-database": (PGX + 'server error: FATAL: database "k" is not currently accepting connections (SQLSTATE 55000)', 'pq: database "k" is not currently accepting connections'),
    "unreadable-file": ("open /etc/k3s/ca.pem: no such file or directory", "cannot parse `postgres://…`: failed to configure TLS (unable to read CA file: open /etc/k3s/ca.pem: permission denied)", "pq: Private key file has group or world access. Permissions should be u=rw (0600) or less", "tls: private key does not match public key"),
    "concurrent-start": ('ERROR: duplicate key value violates unique constraint "pg_type_typname_nsp_index" (SQLSTATE 23505)', 'pq: relation "kine" already exists', 'ERROR: duplicate key value violates unique constraint "kine_name_prev_revision_uindex" (SQLSTATE 23505)', "ERROR: schema version mismatch for table 000030d5: expected 2, got 1 (SQLSTATE XX000)"),
    "serialization": ("ERROR: could not serialize access due to concurrent update (SQLSTATE 40001)", "pq: deadlock detected"),
    "no-space": ("ERROR: could not extend file (SQLSTATE 53100)", "database or disk is full"),
    "no-compaction-row": ('sql: Scan error on column index 0, name "prev_revision": converting NULL to int64 is unsupported', 'sql: Scan error on column index 0, name "MAX(rkv.id)": converting NULL to int64 is unsupported', 'sql: Scan error on column index 0, name "id": converting NULL to int64 is unsupported'),
    "null-column": ('sql: Scan error on column index 6, name "create_revision": converting NULL to int64 is unsupported',),
}  # fmt: skip
WHOLE = {
    "database-name": ('building kine: ERROR: syntax error at or near "-" (SQLSTATE 42601)', BUILDING + 'pq: syntax error at or near "user"', 'starting kubernetes: pq: syntax error at or near "-"'),
    "database-postgres": ('building kine: failed to connect to `host=pg user=a database=postgres`: server error (FATAL: database "postgres" does not exist (SQLSTATE 3D000))', 'building kine: ERROR: permission denied for database "postgres" (SQLSTATE 42501)'),
    "other-token": ("starting kubernetes: preparing server: bootstrap data already found and encrypted with different token", "preparing server: failed to bootstrap cluster data: bootstrap data already found and encrypted with different token"),
    "address-in-use": ("creating listener: listen tcp 127.0.0.1:2379: bind: address already in use", "error creating the metrics listener: listen tcp :8080: bind: address already in use", "starting kubernetes: preparing server: init cluster datastore and https: listen tcp :6443: bind: address already in use"),
    "api-server": ("Error creating leases: error creating storage factory: context deadline exceeded",),
    "unknown-flag": ("flag needs an argument: -endpoint", 'invalid value "abc" for flag -slow-sql-threshold: parse error', 'invalid boolean value "maybe" for -debug: parse error', "flag provided but not defined: -frobnicate", "Error: flag provided but not defined: -datastore-max-open-connections", "kine does not accept positional arguments, only flags", 'could not parse "abc" as int value from environment variable "KINE_DATASTORE_MAX_OPEN_CONNECTIONS" for flag datastore-max-open-connections'),
    "k3s": ('starting kubernetes: preparing server: failed to get CA certs: Get "https://10.0.0.1:6443/cacerts": x509: certificate has expired or is not yet valid', "preparing server: start managed database: dial tcp 10.0.0.1:2380: connect: connection refused"),
    "": (BUILDING + "something new",),
}  # fmt: skip


def quote(message: str) -> str:
    return message.replace("\\", "\\\\").replace('"', '\\"')


def forms(message: str) -> list[str]:
    """logrus as text (also in journald), on a terminal with and without colours, as JSON, and in k0s' own logrus."""
    text = f'time="2026-11-23T16:05:58Z" level=fatal msg="{quote(message)}"'
    return [
        text,
        f"Nov 23 16:05:58 host k3s[1]: {text}",
        f"FATA[2026-11-23T16:05:58.1-07:00] {message}",
        f"\x1b[31mFATA\x1b[0m[2026-11-23T16:05:58.1Z] {message} ",
        f'{{"message":"{quote(message)}","severity":"fatal","time":"2026-11-23T16:05:58Z"}}',
        f'time="2026-11-23 16:05:58" level=info msg="{quote(text)}" component=kine stream=stderr',
    ]


def kinds(line: str) -> list[str]:
    return [event.kind for event in scanned([f"{line}\n".encode()])[0] if isinstance(event, Signal)]


@pytest.mark.parametrize("before", [BUILDING, "building kine: ", "failed to create driver for configured endpoint: "])
@pytest.mark.parametrize("name", CAUSES)
def test_a_fatal_line_has_its_cause_in_every_form(name: str, before: str) -> None:
    for error in CAUSES[name]:
        for line in forms(before + error):
            assert kinds(line) == [f"start-failed-{name}"], line


@pytest.mark.parametrize("message", ["failed to ping connection", "Failed to ping database connection"])
@pytest.mark.parametrize("name", CAUSES)
def test_a_failed_ping_has_its_cause(name: str, message: str) -> None:
    for error in CAUSES[name]:
        (form, *_) = forms(f"{message}: {error}")
        assert kinds(form.replace("fatal", "error")) == [f"start-waiting-{name}"]


@pytest.mark.parametrize("name", WHOLE)
def test_other_ends_of_a_start(name: str) -> None:
    for message in WHOLE[name]:
        text, journal, *_ = forms(message)
        assert kinds(text) == kinds(journal) == [f"start-failed-{name}" if name else "start-failed"]


def test_each_cause_has_a_line_here() -> None:
    expected = {f"start-failed-{name}".removesuffix("-") for name in (*CAUSES, *WHOLE)}
    assert {kind.kind for kind in START_KINDS if kind.kind.startswith("start-failed")} == expected


def test_an_error_of_kine_ends_its_start_whatever_the_level() -> None:
    """vcluster logs each line of its Kine with a level of its own."""
    line = f"2024-05-01 12:00:00 INFO commandwriter/commandwriter.go:126 building kine: {CAUSES['refused'][0]}"
    assert kinds(line + ' {"component": "kine"}') == ["start-failed-refused"]


def test_a_collation_that_does_not_exist_is_no_parameter_of_the_endpoint() -> None:
    error = 'building kine: ERROR: collation "C" for encoding "LATIN1" does not exist (SQLSTATE 42704)'
    assert kinds(forms(error)[0]) == ["start-failed"]


def test_a_wrong_flag_on_a_terminal_without_a_date_is_the_cause() -> None:
    assert kinds("FATA[0000] flag provided but not defined: -datastore-max-open-connections") == [
        "start-failed-unknown-flag"
    ]


def test_the_certificate_of_another_server_is_not_the_databases() -> None:
    found = match_signal(WHOLE["k3s"][0].encode().join((b'level=fatal msg="', b'"')))
    assert found is not None
    assert found.words == "K3s did not start"
    assert "database" not in found.cause.replace("datastore", "")


def test_running_programs_that_stop_did_not_fail_to_start() -> None:
    assert kinds('time="2026-11-23T16:05:58Z" level=fatal msg="leaderelection lost for k3s"') == ["leadership-lost"]
    assert kinds('time="2026-11-23T16:05:58Z" level=fatal msg="flannel exited"') == ["stopped"]
    assert kinds('time="2026-11-23T16:05:58Z" level=info msg="Starting k3s v1.31.5+k3s1"') == []
    assert kinds('time="2026-11-23T16:05:58Z" level=info msg="a panic: of somebody"') == []
