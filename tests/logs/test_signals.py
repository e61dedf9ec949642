"""Each signal is counted under its kind, with a text that contains neither values nor keys."""

from __future__ import annotations

import json
import re

import pytest

from kinetune.kine.signals import BY_KIND, SIGNAL_KINDS, SLOW_PLANNING, match_signal
from kinetune.kine.start_failures import START_KINDS
from kinetune.model.hotspot import Signal
from tests.logs.harness import scanned

E = 'time="2026-11-23T16:05:58Z" level=error msg="{}"'
LINES = {
    "revision-went-back": E.format("WATCH SEND EVENTS FOR PAST REVISION 12 < 14"),
    "commit-failed": E.format("Transaction commit failed: ERROR: could not serialize access (SQLSTATE 40001)"),
    "events-lost": E.format("GAP /registry/pods/default/web-1, revision=12, delete=false, next=13"),
    "gap-fill-failed": 'time="2026-11-23T15:52:54Z" level=trace msg="FILL FAILED, revision=38, err=ERROR: duplicate key value '
    'violates unique constraint \\"kine_pkey\\" (SQLSTATE 23505)"',
    "gap-filled": "\x1b[2;37mTRAC\x1b[0m[2026-11-23T15:52:06.7Z] FILL, revision=38, err=<nil>",
    "gap-seen": "\x1b[2;37mTRAC\x1b[0m[2026-11-23T15:52:06.68388624Z] MODREVISION GAP: expected 22, got 24         ",
    "insert-retried": "\x1b[2;36mDEBU\x1b[0m[2026-11-23T16:01:23.7Z] Retriable insert error for key /registry/conv/churn-2-3: "
    'ERROR: duplicate key value violates unique constraint "kine_pkey" (SQLSTATE 23505) ',
    "insert-conflict": E.format("insert error for key /registry/a/b: ERROR: duplicate key … kine_name_prev_revision_uindex"),
    "insert-failed": E.format("insert error for key /registry/a/b: context deadline exceeded"),
    "compaction-timed-out": E.format("Compact failed: failed to compact to revision 12: context deadline exceeded"),
    "compaction-failed": E.format("Compact failed: failed to compact to revision 12: ERROR: internal error (SQLSTATE XX000)"),
    "compaction-unsupported": E.format('Compact failed: failed to compact to revision 8: pq: at or near \\"where\\": syntax error: unimplemented: this syntax'),
    "compaction": E.format("COMPACT deleted 9 rows from 1000 revisions in 38.240214ms - compacted to 1000/3063"),
    "poll-failed": E.format("Failed to list latest changes: context deadline exceeded"),
    "revision-compacted": E.format("Failed to list /registry/pods/ for revision 5: mvcc: required revision has been compacted"),
    "revision-ahead": "W0518 12:10:13.075440   22277 reflector.go:1] Timeout: Too large resource version: 12, current: 10",
    "pooler": E.format('error in txn: ERROR: prepared statement \\"stmtcache_56\\" does not exist (SQLSTATE 26000)'),
    "no-connections": E.format("fail to list latest changes: FATAL: sorry, too many clients already (SQLSTATE 53300)"),
    "read-only": E.format("error in txn: ERROR: cannot execute INSERT in a read-only transaction (SQLSTATE 25006)"),
    "no-compaction-row": E.format('preparing server: sql: Scan error on column index 0, name \\"prev_revision\\": converting NULL to int64 is unsupported'),
    "null-column": E.format('error while range on /registry/a/ : sql: Scan error on column index 6, name \\"create_revision\\": converting NULL to int64 is unsupported'),
    "no-compacted-value": 'E0215 09:43:39.094814    3513 compact.go:265] etcd: failed to parse compact revision: strconv.ParseInt: parsing "": invalid syntax',
    "schema-changed": E.format("error in txn: ERROR: cached plan must not change result type (SQLSTATE 0A000)"),
    "ids-exhausted": E.format('error in txn: ERROR: nextval: reached maximum value of sequence \\"kine_id_seq\\" (SQLSTATE 2200H)'),
    "serialization": E.format("error in txn: ERROR: could not serialize access due to concurrent update (SQLSTATE 40001)"),
    "unreachable": E.format("Failed to list latest changes: dial tcp 10.0.0.1:5433: connect: connection refused"),
    "write-failed": E.format("error in txn: context deadline exceeded"),
    "read-failed": E.format("error while range on /registry/pods/ /registry/pods0: context canceled"),
    "database-check-failed": E.format("failed to check existence of database k, going to attempt create: failed to connect to `user=k database=postgres`: server error: FATAL: no pg_hba.conf entry (SQLSTATE 28000)"),
    "leadership-lost": 'time="2026-11-23T16:05:58Z" level=fatal msg="leaderelection lost for k3s"',
    "no-space": E.format("error in txn: ERROR: could not extend file: No space left on device (SQLSTATE 53100)"),
    "database-locked": E.format("error in txn: database is locked (5) (SQLITE_BUSY)"),
    "no-table": E.format('error while range on /registry/health : ERROR: relation \\"kine\\" does not exist (SQLSTATE 42P01)'),
    "no-privilege": E.format("error in txn: ERROR: permission denied for table kine (SQLSTATE 42501)"),
    "catalog-changed": E.format("error in txn: ERROR: schema version mismatch for table 000030d5: expected 2, got 1 (SQLSTATE XX000)"),
    "node-timeout": E.format("error in txn: ERROR: Timed out: Perform RPC (request call id 12) to 10.0.0.2:9100 timed out (SQLSTATE XX000)"),
    "statement-canceled": E.format("error in txn: ERROR: canceling statement due to statement timeout (SQLSTATE 57014)"),
    "connection-terminated": E.format("Failed to list latest changes: FATAL: terminating connection due to administrator command (SQLSTATE 57P01)"),
    "login-refused": '2026-11-23 16:05:58.123 UTC [12] FATAL:  password authentication failed for user "kine"',
    "stopped": 'time="2026-11-23T16:05:58Z" level=fatal msg="flannel exited: operation not permitted"',
    "crashed": "panic: runtime error: invalid memory address or nil pointer dereference",
    "ttl-stopped": E.format("TTL event watch failed: mvcc: required revision is a future revision"),
    "kine-unreachable": 'W1209 10:11:13.110101       1 logging.go:55] [core] grpc: addrConn.createTransport failed to connect to {Addr: "kine.sock"}. Err: connection error: desc = "transport: Error while dialing: dial unix kine.sock: connect: connection refused"',
    "request-timed-out": '{"level":"warn","ts":"2026-11-23T16:05:58.1Z","caller":"v3@v3.5.9/retry_interceptor.go:62","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc0009/kine.sock","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = context deadline exceeded"}',
    "database-error": E.format("Failed to list /registry/pods/ for revision 5: ERROR: internal error (SQLSTATE XX000)"),
    "storage-error": 'E1209 10:11:02.110101       1 controller.go:195] "Failed to update lease" err="StorageError: key not found, Code: 1, Key: /registry/masterleases/10.0.137.74"',
    "damaged-files": E.format("error in txn: ERROR: could not read block 5 in file: Input/output error (SQLSTATE 58030)"),
    "too-large": E.format("error in txn: ERROR: index row size 2720 exceeds btree version 4 maximum 2704 (SQLSTATE 54000)"),
    "id-taken": '2026-11-23 16:05:58.123 UTC [12] ERROR:  duplicate key value violates unique constraint "kine_pkey"',
    "duplicate-key": '2026-11-23 16:05:58.123 UTC [12] ERROR:  duplicate key value violates unique constraint "kine_name_prev_revision_uindex"',
}  # fmt: skip


def test_each_kind_of_signal_has_a_line_here() -> None:
    assert {sign.kind for sign in SIGNAL_KINDS} - {sign.kind for sign in START_KINDS} == LINES.keys()
    assert all(re.fullmatch(r"(KT\d{3})?", sign.rule) and sign.words for sign in BY_KIND.values())
    assert SLOW_PLANNING in BY_KIND


@pytest.mark.parametrize(("kind", "line"), LINES.items())
def test_a_line_has_its_kind_in_any_envelope(kind: str, line: str) -> None:
    journal = f"Nov 23 16:05:58 host k3s[1]: {line}\n"
    cri = f"2026-11-23T16:05:58.1Z stderr F {line}\n"
    events, counts = scanned([f"{line}\n{journal}{cri}".encode()])
    assert [event.kind for event in events if isinstance(event, Signal)] == [kind] * 3
    assert counts.signals == 3
    assert counts.not_understood == 0


OTHER_STORES = {
    "no-connections": "error in txn: Error 1226 (42000): User 'k' has exceeded the 'max_user_connections' resource",
    "read-only": "error in txn: Error 1290 (HY000): The MySQL server is running with the --read-only option",
    "no-space": "error in txn: Error 1114 (HY000): The table 'kine' is full",
    "damaged-files": "error in txn: database disk image is malformed",
    "too-large": "error in txn: Error 1406 (22001): Data too long for column 'value' at row 1",
    "statement-canceled": "error in txn: Error 1205 (HY000): Lock wait timeout exceeded; try restarting transaction",
    "unreachable": "fail to list latest changes: invalid connection",
    "duplicate-key": "error in txn: UNIQUE constraint failed: kine.name, kine.prev_revision",
    "write-failed": "Failed to create health check key: context deadline exceeded",
}


@pytest.mark.parametrize(("kind", "message"), OTHER_STORES.items())
def test_errors_of_mysql_and_sqlite_have_their_kinds(kind: str, message: str) -> None:
    (signal,), _ = scanned([E.format(message).encode() + b"\n"])
    assert isinstance(signal, Signal)
    assert signal.kind == kind


@pytest.mark.parametrize(
    "error",
    [
        'failed to connect to {Addr: "kine:2379"}. Err: connection error: desc = "transport: Error while dialing: dial tcp: lookup kine: no such host"',
        'failed to connect to {Addr: "10.0.0.9:2379"}. Err: connection error: desc = "transport: authentication handshake failed: tls: first record does not look like a TLS handshake"',
        'failed to connect to {unix:///var/lib/rancher/k3s/server/kine.sock}. Err: desc = "transport: Error while dialing dial unix kine.sock: connect: no such file or directory"',
    ],
)
def test_an_api_server_that_cannot_reach_its_kine(error: str) -> None:
    sign = match_signal(f"W1209 10:11:13.110101 1 logging.go:55] [core] grpc: {error}".encode())
    assert sign is not None
    assert sign.kind == "kine-unreachable"
    other = error.replace("2379", "10250").replace("kine", "node")
    assert match_signal(f"W1209 10:11:13.110101 1 logging.go:55] [core] grpc: {other}".encode()) is None


def test_every_message_about_missing_connections_is_recognised() -> None:
    for words in (
        "FATAL:  remaining connection slots are reserved for non-replication superuser connections",
        'FATAL:  too many connections for role "kine"',
        "ERROR: no more connections allowed (max_client_conn)",
        "FATAL: query_wait_timeout (SQLSTATE 08P01)",
    ):
        sign = match_signal(words.encode())
        assert sign is not None
        assert sign.rule == "KT701"


def test_a_text_contains_no_value_and_no_key() -> None:
    line = (
        '\x1b[31mERRO\x1b[0m[2026-11-23T16:01:47.6Z] error in txn compare:{target:MOD key:"/registry/secrets/a/b" '
        'mod_revision:4756} success:{request_put:{key:"/registry/secrets/a/b" value:"hunter2\\"x" }}: ERROR: cached plan '
        "must not change result type (SQLSTATE 0A000) \n"
    )
    (signal,), _ = scanned([line.encode()])
    assert isinstance(signal, Signal)
    assert "hunter2" not in signal.text
    assert "secrets/a" not in signal.text
    assert signal.text.endswith("(SQLSTATE 0A000)")


def test_a_text_contains_no_bytea_of_a_statement() -> None:
    line = (
        "2026-11-23 16:05:58.123 UTC [12] ERROR:  duplicate key value violates unique constraint kine_pkey: INSERT INTO "
        "kine(id, value) VALUES(1, '\\x68756e74657232')\n"
    )
    (signal,), _ = scanned([line.encode()])
    assert isinstance(signal, Signal)
    assert "68756e" not in signal.text


def test_a_marker_by_chance_is_not_a_signal() -> None:
    events, counts = scanned([b'I0518 12:10:13.075440 1 x.go:1] "Synced" obj="a, revision=12"\n'])
    assert events == []
    assert counts.not_understood == 0


@pytest.mark.parametrize("begin", ["", "Nov 23 16:05:58 host kine[1]: ", "2026-11-23T16:05:58.1Z stderr F "])
@pytest.mark.parametrize("cut", [1 << 20, 1])
def test_the_attempts_to_connect_belong_to_the_message_before_them(begin: str, cut: int) -> None:
    lines = (
        "\x1b[31mERRO\x1b[0m[2026-11-23T16:05:58.1Z] Failed to ping database connection: failed to connect to `user=k database=k`:",
        "\t127.0.0.1:5432 (127.0.0.1): tls error: server refused TLS connection",
        '\t127.0.0.1:5432 (127.0.0.1): failed SASL auth: FATAL: password authentication failed for user "k" (SQLSTATE 28P01) ',
        "\x1b[36mINFO\x1b[0m[2026-11-23T16:05:59.1Z] Kine available at http://127.0.0.1:2379",
    )
    data = "".join(f"{begin}{line}\n" for line in lines * 2).encode()
    events, counts = scanned(data[at : at + cut] for at in range(0, len(data), cut))
    assert [event.kind for event in events if isinstance(event, Signal)] == ["start-waiting-password"] * 2
    assert counts.lines == 8
    assert all("28P01" in event.text for event in events if isinstance(event, Signal))


def test_the_colours_of_a_level_do_not_change_a_kind() -> None:
    for line, kind in (
        ("FATA[2026-11-23T16:05:58Z] flannel exited: operation not permitted", "stopped"),
        ("FATA[2026-11-23T16:05:58Z] starting kubernetes: pq: syntax error at or near", "start-failed-database-name"),
    ):
        for text in (line, f"\x1b[31m{line[:4]}\x1b[0m{line[4:]}", f"\x1b[36mkine-1 | \x1b[0m{line}"):
            assert [event.kind for event in scanned([text.encode()])[0] if isinstance(event, Signal)] == [kind]


@pytest.mark.parametrize("block", [1000, 1 << 20])
def test_the_error_at_the_end_of_a_line_in_pieces_is_read(block: int) -> None:
    """containerd and Docker split lines at 16 KiB: a failed transaction has the object, and then the error."""
    value = "compare:{" + "x" * 40_000
    line = E.format(f"error in txn {value}: ERROR: could not serialize access (SQLSTATE 40001)")
    pieces = [line[at : at + 16_384] for at in range(0, len(line), 16_384)]
    cri = "".join(f"2026-11-23T16:05:58.5Z stderr {'F' if piece is pieces[-1] else 'P'} {piece}\n" for piece in pieces)
    ends = ["\n" if piece is pieces[-1] else "" for piece in pieces]
    docker = "".join(json.dumps({"log": piece + end}) + "\n" for piece, end in zip(pieces, ends, strict=True))
    bit = {"date": 1795449958.5, "log": line}
    for text in (line + "\n", cri, docker, json.dumps(bit) + "\n"):
        data = text.encode()
        found = scanned([data[at : at + block] for at in range(0, len(data), block)])[0]
        assert [event.kind for event in found if isinstance(event, Signal)] == ["serialization"]
        assert "xxx" not in str(found)
    twice = json.dumps(bit) + "\n" + json.dumps(bit | {"log": line.replace("40001", "57014")})
    kinds = [event.kind for event in scanned([twice.encode()])[0] if isinstance(event, Signal)]
    assert kinds == ["serialization", "statement-canceled"]


def test_attempts_without_their_message_are_no_signal() -> None:
    line = b'\t127.0.0.1:5432 (127.0.0.1): server error: FATAL: database "x" does not exist (SQLSTATE 3D000)\n'
    assert scanned([line])[0] == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ERROR: Restart read required at: { read: { physical: 1 } } (SQLSTATE 40001)", "serialization"),
        ("ERROR: deadlock detected (SQLSTATE 40P01)", "serialization"),
        ("pq: could not serialize access due to concurrent update", "serialization"),
        ("ERROR: permission denied; Catalog Version Mismatch: A DDL occurred (SQLSTATE 42501)", "no-privilege"),
        (
            "ERROR: The catalog snapshot used for this transaction has been invalidated (SQLSTATE XX000)",
            "catalog-changed",
        ),
        ("FATAL: the database system is shutting down (SQLSTATE 57P03)", "connection-terminated"),
        ("pq: the database system is starting up", "connection-terminated"),
        ("ERROR: Shutdown connection (SQLSTATE XX000)", "connection-terminated"),
        ("pq: cannot execute INSERT in a read-only transaction", "read-only"),
        ('pq: duplicate key value violates unique constraint \\"kine_name_prev_revision_uindex\\"', "duplicate-key"),
        ("FATAL: query_wait_timeout (SQLSTATE 08P01)", "no-connections"),
        ("Error 1040: Too many connections", "no-connections"),
        ("timeout: context deadline exceeded", None),
        ("ERROR: canceling statement due to statement timeout (SQLSTATE 57014)", "statement-canceled"),
        ("pq: restart transaction: TransactionRetryWithProtoRefreshError", "serialization"),
        ("Error 1213 (40001): Deadlock found when trying to get lock", "serialization"),
        ("driver: bad connection", "unreachable"),
        (
            "failed to connect to `user=k database=k`: 10.0.0.1:5432 (db): dial error: dial tcp 10.0.0.1:5432: connect: connection refused",
            "unreachable",
        ),
    ],
)
def test_the_state_decides_before_the_text_and_both_before_the_message(error: str, kind: str | None) -> None:
    for message, usual in (
        ("error in txn /registry/leases/a", "write-failed"),
        ("error while range on /registry/pods/ /registry/pods0", "read-failed"),
        ("fail to list latest changes", "poll-failed"),
        ("Compact failed: failed to compact to revision 8", "compaction-timed-out"),
    ):
        found = match_signal(E.format(f"{message}: {error}").encode())
        assert found is not None
        assert found.kind == (kind or usual)


def test_a_servers_own_log_says_nothing_about_kines_start() -> None:
    for line, kind in (
        ('FATAL:  database "x" does not exist', "login-refused"),
        ('ERROR:  relation "key_value" does not exist at character 22', None),
        ('ERROR:  relation "public.kine" does not exist', "no-table"),
        ("ERROR:  permission denied for table accounts", None),
        ('ERROR:  duplicate key value violates unique constraint "accounts_pkey"', None),
        ("ERROR:  40001: could not do it", "serialization"),
    ):
        found = match_signal(f"2026-11-23 16:05:58.123 UTC [12] {line}".encode())
        assert (found and found.kind) == kind, line


def test_the_state_of_a_servers_record_decides_in_each_of_its_formats() -> None:
    """The texts are German: only the state says what they are."""
    csv = '2026-11-23 16:05:58.123 UTC,"k","k",12,"127.0.0.1:1",6a1,3,"INSERT",2026-11-23 16:05:00 UTC,4/2,0,FEHLER,{},"kein Text",,,,,,,,,""'
    json = (
        '{{"timestamp":"2026-11-23 16:05:58.123 UTC","error_severity":"ERROR","state_code":"{}","message":"kein Text"}}'
    )
    for state, kind in (
        ("40001", "serialization"),
        ("53300", "no-connections"),
        ("25006", "read-only"),
        ("42P01", None),
    ):
        for line in (csv.format(state).replace("FEHLER", "ERROR"), json.format(state)):
            found = match_signal(line.encode())
            assert (found and found.kind) == kind, line


def test_only_deadlines_are_called_a_time_limit() -> None:
    for end, timed_out in (
        ("timeout: context deadline exceeded", True),
        ("context canceled", True),
        ("ERROR: canceling statement due to user request (SQLSTATE 57014)", True),
        ("failed to record compact revision: sql: transaction has already been committed or rolled back", True),
        ("ERROR: internal error (SQLSTATE XX000)", False),
    ):
        found = match_signal(E.format(f"Compact failed: {end}").encode())
        assert found is not None
        assert found.kind == ("compaction-timed-out" if timed_out else "compaction-failed")
        assert ("5 s" in found.words) is timed_out
