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
    "password": (PGX + 'failed SASL auth: FATAL: password authentication failed for user "k" (SQLSTATE 28P01)', "pq: password authentication failed for user \"k\"", "Error 1045 (28000): Access denied for user 'k'@'10.0.0.9' (using password: YES)"),
    "pg-hba": (PGX + 'server error: FATAL: no pg_hba.conf entry for host "10.0.0.9", user "k", database "k", no encryption (SQLSTATE 28000)', 'pq: no pg_hba.conf entry for host "10.0.0.9", user "k", database "k", SSL off', 'pq: role "k" does not exist'),
    "no-database": (PGX + 'server error: FATAL: database "k" does not exist (SQLSTATE 3D000)', 'pq: database "k" does not exist', "Error 1049: Unknown database 'k'"),
    "database-not-created": ("ERROR: permission denied to create database (SQLSTATE 42501)", "pq: permission denied to create database"),
    "no-privilege": ("ERROR: permission denied for schema public (SQLSTATE 42501)", "pq: must be owner of table kine"),
    "read-only": ("ERROR: cannot execute CREATE TABLE in a read-only transaction (SQLSTATE 25006)", "pq: cannot execute CREATE TABLE in a read-only transaction", "ERROR: something translated (SQLSTATE 25006)"),
    "no-connections": (PGX + "server error: FATAL: sorry, too many clients already (SQLSTATE 53300)", "pq: remaining connection slots are reserved for non-replication superuser connections"),
    "server-starting": (PGX + "server error: FATAL: the database system is starting up (SQLSTATE 57P03)", "pq: the database system is shutting down"),
    "unknown-parameter": (PGX + 'server error: FATAL: unrecognized configuration parameter "foo" (SQLSTATE 42704)', 'pq: unrecognized configuration parameter "foo"'),
    "certificate-expired": ("x509: certificate has expired or is not yet valid: current time 2022-02-14T08:14:01Z is after 2022-02-10T12:00:00Z", PGX + "tls error: tls: failed to verify certificate: x509: certificate has expired or is not yet valid"),
    "certificate": ("x509: certificate signed by unknown authority", "x509: certificate is valid for db1, not db2", PGX + "tls error: remote error: tls: certificate required"),
    "no-tls": ("pq: SSL is not enabled on the server", PGX + "tls error: server refused TLS connection"),
    "invalid-endpoint": ('parse "postgres://…": invalid port ":5432k0s" after host', "storage backend is not defined", "cannot parse `postgres://…`: failed to configure TLS (sslmode is invalid)", "invalid datastore endpoint; endpoint should be a DSN URI in the format <scheme>://<authority>"),
    "no-sqlite": ("this binary is built without CGO, sqlite is disabled",),
    "unknown-host": ("dial tcp: lookup db.invalid on 10.255.255.53:53: no such host", "failed to connect to `user=k database=k`: hostname resolving error: lookup db on 127.0.0.11:53: server misbehaving"),
    "refused": ("dial tcp 10.0.0.91:5432: connect: connection refused", PGX + "dial error: dial tcp 10.0.0.1:5432: connect: connection refused"),
    "timeout": ("dial tcp 10.0.0.91:5432: i/o timeout", PGX + "dial error: timeout: context deadline exceeded"),
    "connection-closed": (PGX + "failed to receive message: unexpected EOF", "read tcp 10.0.0.9:41:->10.0.0.1:5432: read: connection reset by peer"),
    "other-table": ('ERROR: column "deleted" does not exist (SQLSTATE 42703)', 'pq: cannot create index on relation "kine"'),
    "address-in-use": ("creating listener: listen tcp 127.0.0.1:2379: bind: address already in use",),
    "unsupported-statement": ('ERROR: at or near "collate": syntax error (SQLSTATE 42601)', 'pq: at or near "where": syntax error: unimplemented: this syntax',),
    "schema-migration": ('ERROR: relation "kine_id_seq" does not exist (SQLSTATE 42P01)',),
    "authentication-method": ("pq: unknown authentication response: 10",),
    "closed-database": (PGX + 'server error: FATAL: database "k" is not currently accepting connections (SQLSTATE 55000)', 'pq: database "k" is not currently accepting connections'),
    "unreadable-file": ("open /etc/k3s/ca.pem: no such file or directory", "cannot parse `postgres://…`: failed to configure TLS (unable to read CA file: open /etc/k3s/ca.pem: permission denied)", "pq: Private key file has group or world access. Permissions should be u=rw (0600) or less"),
    "concurrent-start": ('ERROR: duplicate key value violates unique constraint "pg_type_typname_nsp_index" (SQLSTATE 23505)', 'pq: relation "kine" already exists', "ERROR: schema version mismatch for table 000030d5: expected 2, got 1 (SQLSTATE XX000)"),
    "serialization": ("ERROR: could not serialize access due to concurrent update (SQLSTATE 40001)", "pq: deadlock detected"),
    "no-space": ("ERROR: could not extend file (SQLSTATE 53100)", "database or disk is full"),
    "no-compaction-row": ('sql: Scan error on column index 0, name "prev_revision": converting NULL to int64 is unsupported', 'sql: Scan error on column index 0, name "MAX(rkv.id)": converting NULL to int64 is unsupported', 'sql: Scan error on column index 0, name "id": converting NULL to int64 is unsupported'),
    "null-column": ('sql: Scan error on column index 6, name "create_revision": converting NULL to int64 is unsupported',),
}  # fmt: skip
WHOLE = {
    "database-name": ('building kine: ERROR: syntax error at or near "-" (SQLSTATE 42601)', BUILDING + 'pq: syntax error at or near "user"', 'starting kubernetes: pq: syntax error at or near "-"'),
    "database-postgres": ('building kine: failed to connect to `host=pg user=a database=postgres`: server error (FATAL: database "postgres" does not exist (SQLSTATE 3D000))', 'building kine: ERROR: permission denied for database "postgres" (SQLSTATE 42501)'),
    "other-token": ("starting kubernetes: preparing server: bootstrap data already found and encrypted with different token", "preparing server: failed to bootstrap cluster data: bootstrap data already found and encrypted with different token"),
    "unknown-flag": ("flag provided but not defined: -frobnicate", "Error: flag provided but not defined: -datastore-max-open-connections", "kine does not accept positional arguments, only flags", 'could not parse "abc" as int value from environment variable "KINE_DATASTORE_MAX_OPEN_CONNECTIONS" for flag datastore-max-open-connections'),
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
