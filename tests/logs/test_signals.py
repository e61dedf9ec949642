"""Each signal is counted under its kind, with a text that contains neither values nor keys."""

from __future__ import annotations

import re

import pytest

from kinetune.kine.signals import BY_KIND, SIGNAL_KINDS, SLOW_PLANNING, match_signal
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
    "compaction-failed": E.format("Compact failed: failed to compact to revision 12: context deadline exceeded"),
    "compaction": E.format("COMPACT deleted 9 rows from 1000 revisions in 38.240214ms - compacted to 1000/3063"),
    "poll-failed": E.format("Failed to list latest changes: context deadline exceeded"),
    "revision-compacted": E.format("Failed to list /registry/pods/ for revision 5: mvcc: required revision has been compacted"),
    "revision-ahead": "W0518 12:10:13.075440   22277 reflector.go:1] Timeout: Too large resource version: 12, current: 10",
    "pooler": E.format('error in txn: ERROR: prepared statement \\"stmtcache_56\\" does not exist (SQLSTATE 26000)'),
    "no-connections": E.format("fail to list latest changes: FATAL: sorry, too many clients already (SQLSTATE 53300)"),
    "read-only": E.format("error in txn: ERROR: cannot execute INSERT in a read-only transaction (SQLSTATE 25006)"),
    "no-compaction-row": E.format('preparing server: sql: Scan error on column index 0, name \\"prev_revision\\": converting NULL to int64 is unsupported'),
    "null-column": E.format('starting kine backend: sql: Scan error on column index 6, name \\"create_revision\\": converting NULL to int64 is unsupported'),
    "no-compacted-value": 'E0215 09:43:39.094814    3513 compact.go:265] etcd: failed to parse compact revision: strconv.ParseInt: parsing "": invalid syntax',
    "schema-changed": E.format("error in txn: ERROR: cached plan must not change result type (SQLSTATE 0A000)"),
    "ids-exhausted": E.format('error in txn: ERROR: nextval: reached maximum value of sequence \\"kine_id_seq\\" (SQLSTATE 2200H)'),
    "serialization": E.format("error in txn: ERROR: could not serialize access due to concurrent update (SQLSTATE 40001)"),
    "unreachable": E.format("Failed to ping database connection: dial tcp 10.0.0.1:5433: connect: connection refused"),
    "write-failed": E.format("error in txn: context deadline exceeded"),
    "read-failed": E.format("error while range on /registry/pods/ /registry/pods0: context canceled"),
    "duplicate-key": '2026-11-23 16:05:58.123 UTC [12] ERROR:  duplicate key value violates unique constraint "kine_pkey"',
}  # fmt: skip


def test_each_kind_of_signal_has_a_line_here() -> None:
    assert {sign.kind for sign in SIGNAL_KINDS} == LINES.keys()
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
