"""
Log lines other than Slow SQL that show a problem of a store: their meaning, and the rule that explains each.

Sources: Kine v0.10.1 to v0.17.5 (docs/facts/kine.md §2.4), the messages of PostgreSQL 15 (src/backend), of PgBouncer
and of the API server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class SignalKind:
    """
    A kind of log line; `words` is its meaning, `rule` the code of a rule or empty.

    Each such line contains one of `markers`: only these are searched in a log. `pattern` is searched in a line with a
    marker, for kinds whose marker also occurs in other lines.
    """

    kind: str
    words: str
    rule: str
    markers: tuple[bytes, ...]
    pattern: re.Pattern[bytes] | None = None


GAPS, COMPACTION, POOLER, CONNECTIONS = "KT503", "KT501", "KT407", "KT701"
SLOW_PLANNING = "slow-planning"
SERVER_ERRORS = (b"ERROR", b"FATAL")
"""In each error line of a server's own log; not searched in other logs, where they are too frequent."""
DEBUG_ONLY = (b"MODREVISION GAP",)
"""Written by Kine's --debug only; searched in logs that have lines of that level."""
_ERRORS = (b"(SQLSTATE ", *SERVER_ERRORS)
"""pgx ends each error of the server with its SQLSTATE, so that one marker finds them all in Kine's log."""
SIGNAL_KINDS: tuple[SignalKind, ...] = (
    SignalKind(
        "revision-went-back",
        "Kine stopped: its revision went backwards",
        "KT201",
        (b"WATCH SEND EVENTS FOR PAST",),
    ),
    SignalKind(
        "commit-failed",
        "Kine stopped: the commit of a compaction failed",
        COMPACTION,
        (b"Transaction commit failed",),
    ),
    SignalKind(
        "pooler",
        "a prepared statement is missing on its connection: a transaction pooler (PgBouncer) is in between",
        POOLER,
        _ERRORS,
        re.compile(rb"prepared statement \S+ (?:does not exist|already exists)"),
    ),
    SignalKind(
        "no-connections",
        "the server or the pooler had no free connection",
        CONNECTIONS,
        _ERRORS,
        re.compile(
            rb"remaining connection slots|too many (?:clients already|connections for)|"
            rb"no more connections allowed|query_wait_timeout"
        ),
    ),
    SignalKind(
        "read-only",
        "the server refused a write: it is a standby, or default_transaction_read_only is on",
        "KT411",
        _ERRORS,
        re.compile(rb"in a read-only transaction|SQLSTATE 25006"),
    ),
    SignalKind(
        "no-compaction-row",
        "the row compact_rev_key is missing: Kine stops, or cannot read",
        "KT114",
        (b"converting NULL to int64",),
        re.compile(rb"column index 0, name \S*(?:prev_revision|compact_rev)"),
    ),
    SignalKind(
        "null-column",
        "a row contains a NULL that this Kine release cannot read: v0.17.3 to v0.17.5 or v0.16.6 wrote it",
        "KT901",
        (b"converting NULL to int64",),
    ),
    SignalKind(
        "no-compacted-value",
        "the API server found no revision in its compaction record and no longer compacts",
        "KT114",
        (b"failed to parse compact revision",),
    ),
    SignalKind(
        "schema-changed",
        "the table changed while Kine was running: each connection fails once, then recovers",
        "",
        _ERRORS,
        re.compile(rb"cached plan must not change result type"),
    ),
    SignalKind(
        "ids-exhausted",
        "ids reached the maximum of their type",
        "",
        _ERRORS,
        re.compile(rb"reached maximum value of sequence|out of range for type integer"),
    ),
    SignalKind(
        "serialization",
        "the server aborted a transaction because of a concurrent one",
        "",
        _ERRORS,
        re.compile(rb"could not serialize access"),
    ),
    SignalKind(
        "events-lost",
        "the poll skipped a revision that stayed missing: watches may have lost an event",
        GAPS,
        (b", revision=",),
        re.compile(rb"(?<!MODREVISION )\bGAP \S+, revision="),
    ),
    SignalKind(
        "gap-fill-failed",
        "a missing revision arrived while Kine filled its gap: harmless, the write was only late",
        GAPS,
        (b", revision=",),
        re.compile(rb"\bFILL FAILED, revision="),
    ),
    SignalKind(
        "gap-filled",
        "Kine inserted a gap row for a missing revision",
        GAPS,
        (b", revision=",),
        re.compile(rb"\bFILL, revision="),
    ),
    SignalKind("gap-seen", "the poll found a missing revision and waited for it", GAPS, DEBUG_ONLY),
    SignalKind(
        "insert-retried",
        "an insert found its id in use and retried: a gap row had taken it",
        "KT602",
        (b"nsert error for key",),
        re.compile(rb"etriable insert error for key"),
    ),
    SignalKind(
        "insert-conflict",
        "two writers changed the same key and one failed: normal, but each attempt uses up an id",
        "",
        (b"nsert error for key",),
        re.compile(rb"insert error for key [^\n]*kine_name_prev_revision_uindex"),
    ),
    SignalKind("insert-failed", "an insert failed", "KT601", (b"nsert error for key",)),
    SignalKind(
        "compaction-failed",
        "a compaction failed, usually at its time limit of 5 s: if repeated, the table grows",
        COMPACTION,
        (b"ompact failed",),
    ),
    SignalKind("compaction", "compaction removed a batch of old rows", COMPACTION, (b"COMPACT deleted ",)),
    SignalKind(
        "poll-failed", "the poll for changes failed: watches are late until it succeeds", "", (b"list latest changes",)
    ),
    SignalKind(
        "revision-compacted",
        "a client requested a revision that compaction had removed, and lists again",
        COMPACTION,
        (b"revision has been compacted",),
    ),
    SignalKind(
        "revision-ahead",
        "a client requested a revision newer than the API server's watch cache: events are late or out of order",
        "KT201",
        (b"Too large resource version",),
    ),
    SignalKind("unreachable", "Kine could not reach the database", "", (b"Failed to ping database connection",)),
    SignalKind("write-failed", "a write failed and the API server received the error", "", (b"error in txn",)),
    SignalKind("read-failed", "a read failed and the API server received the error", "", (b"error while range on",)),
    SignalKind(
        "duplicate-key",
        "the server refused a duplicate row: a normal conflict of two writers, or a gap row that came first",
        "",
        _ERRORS,
        re.compile(rb"duplicate key value violates unique constraint [^\n]*\bkine_\w+"),
    ),
)
"""The most serious first: a line is of the first kind that matches."""
_DERIVED_KINDS = (SignalKind(SLOW_PLANNING, "the server took 100 ms or longer to parse or plan a statement", "", ()),)
BY_KIND: Mapping[str, SignalKind] = MappingProxyType({kind.kind: kind for kind in (*SIGNAL_KINDS, *_DERIVED_KINDS)})
MARKERS: tuple[bytes, ...] = tuple(
    dict.fromkeys(
        marker for kind in SIGNAL_KINDS for marker in kind.markers if marker not in SERVER_ERRORS + DEBUG_ONLY
    )
)


def match_signal(line: bytes) -> SignalKind | None:
    """The most serious kind that the line matches; None if it contains a marker only by chance."""
    for kind in SIGNAL_KINDS:
        if any(marker in line for marker in kind.markers) and (kind.pattern is None or kind.pattern.search(line)):
            return kind
    return None
