"""
Lines beside Slow SQL that tell what ails a Kine store, in words, with the rule that explains each.

From Kine's source v0.10.1 to v0.17.5 (docs/facts/kine.md §2.4), PostgreSQL 15's messages (src/backend),
PgBouncer's and the API server's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Sign:
    """
    A kind of line. `markers` are bytes one of which each such line has: a log is searched for nothing else. `pattern`,
    where the marker alone says too little, is searched in the line; a line without it is none of these.
    """

    kind: str
    words: str
    rule: str
    markers: tuple[bytes, ...]
    pattern: re.Pattern[bytes] | None = None


GAPS, COMPACTION, POOLER, CONNECTIONS = "KT503", "KT501", "KT407", "KT701"
SLOW_PLANNING = "slow-planning"
SERVER_ERRORS = (b"ERROR", b"FATAL")
"""What each error has in a server's own log, whose markers these are besides MARKERS."""
DEBUG_ONLY = (b"MODREVISION GAP",)
"""Only with --debug; searched where the log has lines of that level."""
_ERRORS = (b"(SQLSTATE ", *SERVER_ERRORS)
"""pgx's end of each error of the server, in Kine's log: few markers make a log quick to read."""
SIGNS: tuple[Sign, ...] = (
    Sign(
        "revision-went-back",
        "Kine stopped: its revision went backwards",
        "KT201",
        (b"WATCH SEND EVENTS FOR PAST",),
    ),
    Sign(
        "commit-failed",
        "Kine stopped: the commit of a compaction failed",
        COMPACTION,
        (b"Transaction commit failed",),
    ),
    Sign(
        "pooler",
        "a prepared statement was on another connection: a transaction pooler (PgBouncer) is in between",
        POOLER,
        _ERRORS,
        re.compile(rb"prepared statement \S+ (?:does not exist|already exists)"),
    ),
    Sign(
        "no-connections",
        "the server or the pooler had no connection left",
        CONNECTIONS,
        _ERRORS,
        re.compile(
            rb"remaining connection slots|too many (?:clients already|connections for)|"
            rb"no more connections allowed|query_wait_timeout"
        ),
    ),
    Sign(
        "read-only",
        "the server takes no writes: a standby, or default_transaction_read_only",
        "KT411",
        _ERRORS,
        re.compile(rb"in a read-only transaction|SQLSTATE 25006"),
    ),
    Sign(
        "no-compaction-row",
        "no row compact_rev_key is in the store: Kine ends, or cannot read",
        "KT114",
        (b"converting NULL to int64",),
        re.compile(rb"column index 0, name \S*(?:prev_revision|compact_rev)"),
    ),
    Sign(
        "null-column",
        "a row holds NULL that this Kine cannot read: v0.17.3 to v0.17.5 or v0.16.6 wrote it",
        "KT901",
        (b"converting NULL to int64",),
    ),
    Sign(
        "no-compacted-value",
        "the API server found no revision in Kine's note of its compaction, and compacts no more",
        "KT114",
        (b"failed to parse compact revision",),
    ),
    Sign(
        "schema-changed",
        "the table changed under a running Kine: each connection fails once, then goes on",
        "",
        _ERRORS,
        re.compile(rb"cached plan must not change result type"),
    ),
    Sign(
        "ids-exhausted",
        "ids have reached the end of their type",
        "",
        _ERRORS,
        re.compile(rb"reached maximum value of sequence|out of range for type integer"),
    ),
    Sign(
        "serialization",
        "the server broke off a transaction that met another one",
        "",
        _ERRORS,
        re.compile(rb"could not serialize access"),
    ),
    Sign(
        "events-lost",
        "the poll went on past a revision that stayed missing: watches may have lost an event",
        GAPS,
        (b", revision=",),
        re.compile(rb"(?<!MODREVISION )\bGAP \S+, revision="),
    ),
    Sign(
        "gap-fill-failed",
        "a missing revision arrived while Kine was filling it: harmless, its writer was only late",
        GAPS,
        (b", revision=",),
        re.compile(rb"\bFILL FAILED, revision="),
    ),
    Sign(
        "gap-filled",
        "Kine put a row into a missing revision",
        GAPS,
        (b", revision=",),
        re.compile(rb"\bFILL, revision="),
    ),
    Sign("gap-seen", "the poll met a missing revision and waited for it", GAPS, DEBUG_ONLY),
    Sign(
        "insert-retried",
        "an insert found its id taken and tried again: the gap fill was there first",
        "KT602",
        (b"nsert error for key",),
        re.compile(rb"etriable insert error for key"),
    ),
    Sign(
        "insert-conflict",
        "two writers met on one key and one lost: normal, but each burns an id",
        "",
        (b"nsert error for key",),
        re.compile(rb"insert error for key [^\n]*kine_name_prev_revision_uindex"),
    ),
    Sign("insert-failed", "an insert failed", "KT601", (b"nsert error for key",)),
    Sign(
        "compaction-failed",
        "a compaction failed, mostly at its limit of 5 s: repeated, the table grows",
        COMPACTION,
        (b"ompact failed",),
    ),
    Sign("compaction", "compaction removed a batch of old rows", COMPACTION, (b"COMPACT deleted ",)),
    Sign(
        "poll-failed", "the poll for changes failed: watches are late until one succeeds", "", (b"list latest changes",)
    ),
    Sign(
        "revision-compacted",
        "somebody asked for a revision that compaction had removed, and lists again",
        COMPACTION,
        (b"revision has been compacted",),
    ),
    Sign(
        "revision-ahead",
        "the API server was asked for a revision its watch cache has not reached: events come late or out of order",
        "KT201",
        (b"Too large resource version",),
    ),
    Sign("unreachable", "Kine could not reach the database", "", (b"Failed to ping database connection",)),
    Sign("write-failed", "a write failed and the API server was told", "", (b"error in txn",)),
    Sign("read-failed", "a read failed and the API server was told", "", (b"error while range on",)),
    Sign(
        "duplicate-key",
        "the server refused a second row: a normal conflict of two writers, or a gap fill that came first",
        "",
        _ERRORS,
        re.compile(rb"duplicate key value violates unique constraint [^\n]*\bkine_\w+"),
    ),
)
"""In order of weight: a line is of the first kind that it fits."""
_MADE_UP = (
    Sign(SLOW_PLANNING, "the server took 100 ms or longer to parse or plan a statement, before it ran", "", ()),
)
BY_KIND: Mapping[str, Sign] = MappingProxyType({sign.kind: sign for sign in (*SIGNS, *_MADE_UP)})
MARKERS: tuple[bytes, ...] = tuple(
    dict.fromkeys(marker for sign in SIGNS for marker in sign.markers if marker not in SERVER_ERRORS + DEBUG_ONLY)
)


def sign_of(line: bytes) -> Sign | None:
    """The weightiest sign that the line is; None where a marker was in it by chance."""
    for sign in SIGNS:
        if any(marker in line for marker in sign.markers) and (sign.pattern is None or sign.pattern.search(line)):
            return sign
    return None
