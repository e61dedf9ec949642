"""
Sessions at work and the sessions that block them.

A statement is reported by the name of Kine's query or by its first word, because its text may hold an object's value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kinetune.database.nodes import NodeSessions
from kinetune.database.session import Row, Session
from kinetune.kine.query_recognition import name_of
from kinetune.model.counters import Activity, RunningSession
from kinetune.model.failure import CouldNotLook

# A statement may start with comments of its client.
_FIRST_WORD = re.compile(r"\s*(?:/\*.*?\*/\s*)*([A-Za-z]+)", re.DOTALL)
# Only these words are reported. Any other first word could be a part of a value, for example of a statement that was
# cut.
_COMMANDS = frozenset(
    [
        "ALTER",
        "ANALYZE",
        "BEGIN",
        "CHECKPOINT",
        "CLUSTER",
        "COMMIT",
        "COPY",
        "CREATE",
        "DELETE",
        "DROP",
        "EXPLAIN",
        "GRANT",
        "INSERT",
        "LISTEN",
        "LOCK",
        "MERGE",
        "REFRESH",
        "REINDEX",
        "REVOKE",
        "ROLLBACK",
        "SELECT",
        "SET",
        "SHOW",
        "TRUNCATE",
        "UPDATE",
        "VACUUM",
        "WITH",
    ]
)


def read_activity(session: Session) -> Activity:
    """
    Sessions on all nodes, the longest-running first. Raises CouldNotLook.

    An idle session is counted only, unless another session waits for a lock that it holds.
    """
    nodes = NodeSessions(session, "hotspots")
    running: list[RunningSession] = []
    idle = hidden = 0
    for name, node in nodes:
        rows = node.query_file("activity")
        blocked = _read_blockers(node, nodes.notices)
        at_work = list(_running_sessions(name, rows, blocked))
        running += at_work
        hidden += sum(bool(row["hidden"]) for row in rows)
        # The remaining sessions are idle and block no other session: only their number matters.
        idle += len(rows) - len(at_work) - sum(bool(row["hidden"]) for row in rows)
    if hidden:
        nodes.notices.append(f"{hidden} sessions of other roles are hidden: GRANT pg_read_all_stats shows them")
    # Equal durations are ordered by node and process, so that two reports can be compared line by line.
    order = sorted(running, key=lambda one: (-one.seconds, one.node, one.pid))
    return Activity(tuple(order), idle, hidden, tuple(nodes.notices))


def statement_name(text: str) -> tuple[str, bool]:
    """
    The name of Kine's query and True, or the statement's first word and False.

    The server cuts the text at track_activity_query_size - 1 (1,023 bytes by default). Kine's longest statement has 900
    bytes, so its whole text can be compared.
    """
    found = name_of(text)
    if found:
        return found[1], True
    word = _FIRST_WORD.match(text)
    first = word[1].upper() if word else ""
    return (first if first in _COMMANDS else "other"), False


def _read_blockers(session: Session, notices: list[str]) -> Mapping[int, tuple[int, ...]]:
    try:
        return {row["pid"]: tuple(row["blocked_by"]) for row in session.query_file("activity_blocked")}
    except CouldNotLook as failure:  # pg_locks may be disabled on YugabyteDB (yb_enable_pg_locks)
        notices.append(f"blocking sessions are unknown: {failure.cause}")
        return {}


def _running_sessions(node: str, rows: list[Row], blocked: Mapping[int, tuple[int, ...]]) -> Iterator[RunningSession]:
    # An idle session in this set holds a lock in an open transaction: it is the cause that the user looks for.
    blockers = {pid for pids in blocked.values() for pid in pids}
    for row in rows:
        if row["hidden"] or (row["state"] in (None, "idle") and row["pid"] not in blockers):
            continue
        query, is_kine = statement_name(row["text"])
        # The wait event of a session that is not active is ClientRead: it waits for its client.
        waits_for = row["waits_for"] if row["state"] == "active" else ""
        yield RunningSession(
            node, row["pid"], query, is_kine, row["state"] or "", max(row["seconds"] or 0.0, 0.0),
            row["application"], waits_for, blocked.get(row["pid"], ()),
        )  # fmt: skip
