"""
Log lines other than Slow SQL that show a problem of a store: their meaning, cause, fix, and the rule that explains it.

The SQLSTATE of a line decides which kind it is, then its text. The kinds are in start_failures.py, message_kinds.py and
failure_kinds.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from kinetune.kine.failure_kinds import FAILURE_KINDS
from kinetune.kine.message_kinds import CERTAIN_KINDS, MESSAGE_KINDS
from kinetune.kine.pool_limit import IDLE
from kinetune.kine.signal_kind import SignalKind, find_kind, find_state
from kinetune.kine.start_failures import START_KINDS, STOP_KINDS, match_start_failure, match_stop

SLOW_PLANNING = "slow-planning"
SERVER_ERRORS = (b"ERROR", b"FATAL")
"""In each error line of a server's own log; not searched in other logs, where they are too frequent."""
DEBUG_ONLY = (b"MODREVISION GAP",)
"""Written by Kine's --debug only; searched in logs that have lines of that level."""
MARKERS: tuple[bytes, ...] = (
    b"(SQLSTATE ", b"NULL to int64", b"pact revision", b", revision=", b"nsert error for key",
    b"ompact failed", b"COMPACT deleted ", b"latest changes", b"has been compact",
    b"Too large resource version", b"ailed to ping ", b"error in txn", b"error while range on",
    b"WATCH SEND EVENTS FOR PAST", b"Transaction commit failed", b"=fatal", b"building kine", b"create driver for",
    b"starting kine backend", b"starting kubernetes: ", b"preparing server: ", b"panic: ", b"TTL event watch",
    b"TTL initial list", b"Error while dialing", b"StorageError: ", b"eaderelection lost", b'"fatal', b"FATA",
    b"not defined: -", b"authentication handshake failed", b"error creating storage factory",
    b"etcdserver: request timed out", b"unary invoker failed", b"health check key",
)  # fmt: skip
"""
Each line with a signal contains one of these, so that only such lines are read. They begin with two letters that are
seldom next to each other in other lines: `level=fatal` takes twice the time of `=fatal` (logs/marker_search.py). The
level has four forms: text, JSON, JSON within JSON (`\\"fatal\\"`), and `FATA` for a terminal.
"""
SIGNAL_KINDS: tuple[SignalKind, ...] = (
    *START_KINDS, *CERTAIN_KINDS, *FAILURE_KINDS, *STOP_KINDS, *MESSAGE_KINDS
)  # fmt: skip
"""The most serious first."""
_ON_SERVER = tuple(kind for kind in FAILURE_KINDS if kind.on_server)
_DERIVED_KINDS = (
    SignalKind(
        SLOW_PLANNING,
        "the server took 100 ms or longer to parse or plan a statement",
        cause="the server is overloaded, or it is YugabyteDB, where a new session reads the catalog first",
        fix="no action is necessary after a start of Kine; if it is repeated, Kine opens new sessions: raise "
        f"{IDLE} in the environment of Kine or K3s",
    ),
)
BY_KIND: Mapping[str, SignalKind] = MappingProxyType({kind.kind: kind for kind in (*SIGNAL_KINDS, *_DERIVED_KINDS)})
# Two blanks after the level: pgx and lib/pq quote errors with one.
_SERVER_LINE = re.compile(rb"\b(?:ERROR|FATAL|PANIC):  |,(?:ERROR|FATAL|PANIC),[0-9A-Z]{5},|\"error_severity\"")


def match_signal(line: bytes) -> SignalKind | None:
    """The kind of a line, by its SQLSTATE before its text; None if it contains a marker only by chance."""
    state = find_state(line)
    if _SERVER_LINE.search(line):
        return find_kind(line, state, _ON_SERVER)
    return (
        match_start_failure(line, state)
        or find_kind(line, "", CERTAIN_KINDS)
        or find_kind(line, state, FAILURE_KINDS)
        or find_kind(line, "", MESSAGE_KINDS)
        or match_stop(line)
    )
