"""Kinds of Kine's and the API server's messages, known by their text (log_messages.py, docs/facts/kine.md §2.4)."""

from __future__ import annotations

import re

from kinetune.kine.signal_kind import SignalKind

GAPS, COMPACTION = "KT503", "KT501"
_DEADLINE = rb"deadline exceeded|context canceled|already been committed or rolled back|due to user request|i/o timeout"


CERTAIN_KINDS: tuple[SignalKind, ...] = (
    SignalKind(
        "revision-went-back",
        "Kine stopped: its revision went backwards",
        "KT201",
        "another store or an older backup was put behind this Kine, or ids of several nodes' caches were mixed",
        "kinetune check --select KT2 ENDPOINT",
        pattern=re.compile(rb"WATCH SEND EVENTS FOR PAST"),
        messages=("WATCH SEND EVENTS FOR PAST",),
    ),
    SignalKind(
        "commit-failed",
        "Kine stopped: the commit of a compaction failed",
        COMPACTION,
        "the server or the connection ended, or another transaction changed the same rows",
        "restart Kine; if it is repeated, find out what else writes to the table",
        pattern=re.compile(rb"Transaction (?:commit|rollback) failed"),
        messages=("Transaction commit failed",),
    ),
    SignalKind(
        "no-compaction-row",
        "the row compact_rev_key is missing: Kine stops, or cannot read",
        "KT114",
        "an earlier first start was interrupted, or the row was deleted",
        "stop every Kine and apply the statement of KT114 (kinetune check ENDPOINT)",
        pattern=re.compile(rb"column index 0, name \S*\b(?:prev_revision|compact_rev|current_rev|id)\b"),
    ),
    SignalKind(
        "null-column",
        "a row contains a NULL that this Kine release cannot read: v0.17.3 to v0.17.5 or v0.16.6 wrote it",
        "KT901",
        "a newer Kine wrote to this store",
        "stop Kine, run UPDATE kine SET create_revision = 0 WHERE create_revision IS NULL, or use the newer release "
        "again",
        pattern=re.compile(rb"converting NULL to int64"),
        known_in="Kine up to v0.16.5, v0.17.0–v0.17.2",
    ),
    SignalKind(
        "no-compacted-value",
        "the API server found no revision in its compaction record and no longer compacts",
        "KT114",
        "an older Kine wrote the record compact_rev_key_apiserver, which Kine v0.14.10 and v0.14.11 return with an "
        "empty value",
        "upgrade to Kine v0.14.12 or later (kine#604; K3s 1.34.5, 1.35.2)",
        pattern=re.compile(rb"failed to parse compact revision"),
        known_in="Kine v0.14.10–v0.14.11 (K3s 1.34.4, 1.35.1)",
    ),
    SignalKind(
        "events-lost",
        "the poll skipped a revision that stayed missing: watches may have lost an event",
        GAPS,
        "ids are given out of order, or a transaction was open for more than a second",
        "kinetune check --select KT2,KT503 ENDPOINT",
        pattern=re.compile(rb"(?<!MODREVISION )\bGAP \S+, revision="),
        messages=("GAP %s, revision",),
    ),
    SignalKind(
        "gap-fill-failed",
        "a missing revision arrived while Kine filled its gap: harmless, the write was only late",
        GAPS,
        pattern=re.compile(rb"\bFILL FAILED, revision="),
        messages=("FILL FAILED",),
    ),
    SignalKind(
        "gap-filled",
        "Kine inserted a gap row for a missing revision",
        GAPS,
        pattern=re.compile(rb"\bFILL, revision="),
        messages=("FILL, revision",),
    ),
    SignalKind(
        "gap-seen",
        "the poll found a missing revision and waited for it",
        GAPS,
        pattern=re.compile(rb"MODREVISION GAP"),
        messages=("MODREVISION GAP",),
    ),
    SignalKind(
        "insert-retried",
        "an insert found its id in use and retried: a gap row had taken it",
        "KT602",
        pattern=re.compile(rb"etriable insert error for key"),
        messages=("retriable insert error", "Retriable insert error"),
    ),
    SignalKind(
        "insert-conflict",
        "two writers changed the same key and one failed: normal, but each attempt uses up an id",
        pattern=re.compile(rb"kine_name_prev_revision_uindex"),
        within=re.compile(rb"nsert error for key "),
        messages=("insert error for key", "Insert error for key"),
    ),
    SignalKind(
        "compaction-timed-out",
        "a compaction failed at its time limit of 5 s: if repeated, the table grows",
        COMPACTION,
        "a batch of 1,000 revisions took longer than 5 s, or it waited for a lock",
        "see kinetune rule KT501; use a smaller --compact-batch-size until it has caught up",
        pattern=re.compile(_DEADLINE),
        within=re.compile(rb"ompact failed|failed to record compact revision"),
        messages=("Compact failed",),
    ),
    SignalKind(
        "leadership-lost",
        "a controller lost its leader lease and stopped: K3s then restarts",
        cause="the store did not answer within the lease's time, usually 10 s",
        fix="look at the slowest calls and the other signals of this time, and run kinetune check ENDPOINT",
        pattern=re.compile(rb"eaderelection lost"),
    ),
    SignalKind(
        "database-check-failed",
        "Kine could not examine or create its database at its start: harmless if the database exists",
        "KT618",
        "the role may not connect to the database postgres, or may not create databases",
        "no action is necessary while Kine starts; else see the signals about its start",
        pattern=re.compile(rb"failed to (?:check|ensure) existence of database|failed to create database"),
        messages=("failed to check existence of database", "failed to ensure existence of database"),
    ),
)
"""Their text is certain, and says more than the SQLSTATE that some of them quote."""
MESSAGE_KINDS: tuple[SignalKind, ...] = (
    SignalKind(
        "insert-failed",
        "an insert failed",
        "KT601",
        pattern=re.compile(rb"nsert error for key"),
        messages=("insert error for key", "Insert error for key"),
    ),
    SignalKind(
        "compaction-failed",
        "a compaction failed: if repeated, the table grows",
        COMPACTION,
        "see the error in the example",
        "kinetune check --select KT5 ENDPOINT shows whether compaction is behind",
        pattern=re.compile(rb"ompact failed|failed to (?:record|get) compact revision"),
        messages=("Compact failed", "failed to record compact revision: "),
    ),
    SignalKind(
        "compaction",
        "compaction removed a batch of old rows",
        COMPACTION,
        pattern=re.compile(rb"COMPACT deleted "),
        messages=("COMPACT deleted",),
    ),
    SignalKind(
        "poll-failed",
        "the poll for changes failed: watches are late until it succeeds",
        cause="see the error in the example",
        fix="look at the slowest calls of this time, and run kinetune check ENDPOINT",
        pattern=re.compile(rb"list latest changes"),
        messages=("fail to list latest changes", "Failed to list latest changes"),
    ),
    SignalKind(
        "revision-compacted",
        "a client requested a revision that compaction had removed, and lists again",
        COMPACTION,
        "the client was cut off for longer than compaction keeps revisions; up to Kine v0.3.2 also a defect of its "
        "lists",
        "no action is necessary for single ones; upgrade a Kine before v0.3.3",
        pattern=re.compile(rb"revision has been compact"),
    ),
    SignalKind(
        "revision-ahead",
        "a client requested a revision newer than the API server's watch cache: events are late or out of order",
        "KT201",
        "the poll is late, ids are cached per connection (YugabyteDB), or an older backup was restored",
        "kinetune check --select KT2,KT503 ENDPOINT",
        pattern=re.compile(rb"Too large resource version"),
    ),
    SignalKind(
        "ttl-stopped",
        "the worker that deletes expired leases stopped: objects with a lease, such as events, stay until a restart",
        cause="its first list of the table or its watch failed, see the errors before it",
        fix="restart Kine when the store answers; v0.16.6, v0.17.3 and later repeat this list until it succeeds",
        pattern=re.compile(rb"TTL event watch (?:failed|error)|TTL initial list failed: "),
        messages=("TTL event watch ", "TTL initial list failed: "),
    ),
    SignalKind(
        "kine-unreachable",
        "the API server could not reach its datastore at the address of Kine or etcd (port 2379 or kine.sock)",
        cause="Kine or etcd is stopped, starts, listens elsewhere, or uses another TLS certificate",
        fix="no action is necessary for a few at a start; else read Kine's own log of this time, and check "
        "--etcd-servers of the API server and --listen-address of Kine",
        pattern=re.compile(rb"Error while dialing|authentication handshake failed"),
        within=re.compile(rb":(?:2379|2399)\b|\bunix\W\S*kine|kine\S*\.sock"),
    ),
    SignalKind(
        "request-timed-out",
        "a request of the API server to its datastore timed out",
        cause="Kine, its database or the network between them was too slow, or stood still",
        fix="look at the slowest calls and the other signals of this time, and read Kine's own log",
        pattern=re.compile(rb"etcdserver: request timed out|code = DeadlineExceeded"),
    ),
    SignalKind(
        "storage-error",
        "the API server reported an error of its datastore",
        cause="see the error in the example; `key not found` and `invalid object` are normal after an object was "
        "deleted or a lease expired",
        fix="read Kine's own log of this time",
        pattern=re.compile(rb"StorageError: "),
    ),
    SignalKind(
        "write-failed",
        "a write failed and the API server received the error",
        cause="see the error in the example",
        fix="look at the slowest calls of this time, and run kinetune check ENDPOINT",
        pattern=re.compile(rb"error in txn|Failed to create health check key"),
        messages=("error in txn", "Failed to create health check key"),
    ),
    SignalKind(
        "read-failed",
        "a read failed and the API server received the error",
        cause="see the error in the example",
        fix="look at the slowest calls of this time, and run kinetune check ENDPOINT",
        pattern=re.compile(rb"error while range on"),
        messages=("error while range on",),
    ),
    SignalKind(
        "database-error",
        "the database answered with an error that kinetune does not know",
        cause="see the SQLSTATE in the example and the appendix about error codes in PostgreSQL's manual",
        fix="read the server's own log of this time",
        pattern=re.compile(rb"\(SQLSTATE [0-9A-Z]{5}\)"),
    ),
)
"""Only if no SQLSTATE and no text of a cause says more."""
