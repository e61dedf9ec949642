"""What runs now and who waits for whom: statements only by Kine's names, never with what they carry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kinetune.database.nodes import Nodes
from kinetune.database.session import Row, Session
from kinetune.kine.recognise import name_of
from kinetune.model.counters import Activity, Running
from kinetune.model.failure import CouldNotLook

_WORD = re.compile(r"\s*(?:/\*.*?\*/\s*)*([A-Za-z]+)", re.DOTALL)
_KNOWN = frozenset(
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


def activity(session: Session) -> Activity:
    """Longest at work first; an idle session is in it only where another waits for it. Raises CouldNotLook."""
    nodes = Nodes(session, "hotspots")
    running: list[Running] = []
    idle = hidden = 0
    for name, there in nodes:
        rows = there.ask("activity")
        blocked = _blocked(there, nodes.notices)
        seen = list(_running(name, rows, blocked))
        running += seen
        hidden += sum(bool(row["hidden"]) for row in rows)
        idle += len(rows) - len(seen) - sum(bool(row["hidden"]) for row in rows)
    if hidden:
        nodes.notices.append(f"{hidden} sessions of other roles cannot be seen: GRANT pg_read_all_stats shows them")
    order = sorted(running, key=lambda one: (-one.seconds, one.node, one.pid))
    return Activity(tuple(order), idle, hidden, tuple(nodes.notices))


def named(text: str) -> tuple[str, bool]:
    """
    Kine's name and True, or the statement's first word and False; nothing else of the text.

    Kine's longest statement has 900 bytes as it is sent: the server keeps 1,023 (track_activity_query_size).
    """
    found = name_of(text)
    if found:
        return found[1], True
    word = _WORD.match(text)
    first = word[1].upper() if word else ""
    return (first if first in _KNOWN else "other"), False


def _blocked(session: Session, notices: list[str]) -> Mapping[int, tuple[int, ...]]:
    try:
        return {row["pid"]: tuple(row["blocked_by"]) for row in session.ask("activity_blocked")}
    except CouldNotLook as failure:  # pg_locks may be turned off on YugabyteDB (yb_enable_pg_locks)
        notices.append(f"who waits for whom is not known: {failure.cause}")
        return {}


def _running(node: str, rows: list[Row], blocked: Mapping[int, tuple[int, ...]]) -> Iterator[Running]:
    blockers = {pid for pids in blocked.values() for pid in pids}
    for row in rows:
        if row["hidden"] or (row["state"] in (None, "idle") and row["pid"] not in blockers):
            continue
        query, is_kine = named(row["text"])
        waits_for = row["waits_for"] if row["state"] == "active" else ""
        yield Running(
            node, row["pid"], query, is_kine, row["state"] or "", max(row["seconds"] or 0.0, 0.0),
            row["application"], waits_for, blocked.get(row["pid"], ()),
        )  # fmt: skip
