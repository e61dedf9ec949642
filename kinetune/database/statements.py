"""pg_stat_statements → counters by Kine's names, from every node. Never read without the right to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kinetune.database.nodes import Nodes
from kinetune.database.session import Row, Session
from kinetune.kine.recognise import name_of
from kinetune.model.counters import Bucket, Counter, Counters, Node
from kinetune.model.failure import CouldNotLook
from kinetune.quoting import identifier

_IDENTITY = ("userid", "dbid", "toplevel", "queryid")
_NOT_A_COUNTER = {*_IDENTITY, "calls", "rows", "stats_since", "minmax_stats_since", "yb_latency_histogram"}
_RANGE = re.compile(r"\[([\d.]+),([\d.]*)\)")


def statements(session: Session) -> Counters:
    """
    One reading. CouldNotLook where the extension or the right to read it is missing, with the statement that gives it.

    Names are the newest era's that sends the statement, as in logs. A node that cannot be asked is in `notices`.
    """
    nodes = Nodes(session, "hotspots")
    places: list[Node] = []
    entries: list[Counter] = []
    refused: list[CouldNotLook] = []
    taken: list[datetime] = []
    for name, there in nodes:
        try:
            now, place = _clock(there, name)
            entries += _entries(there, name)
        except CouldNotLook as failure:
            refused.append(failure)
            nodes.notices.append(f"node {name} could not be asked, its part is missing: {failure.cause}")
        else:
            taken.append(now)
            places.append(place)
    if not places:
        raise refused[0] if refused else CouldNotLook(nodes.notices[0] if nodes.notices else "no node answered")
    return Counters(max(taken), tuple(places), tuple(entries), {}, tuple(nodes.notices), session.connection.info.dbname)


def _clock(session: Session, name: str) -> tuple[datetime, Node]:
    _refuse_unallowed(session)
    (row,) = session.ask("statement_clock")
    told = session.ask("statement_resets") if row["tells"] else []
    return row["now"], Node(name, told[0]["began"], told[0]["evicted"]) if told else Node(name)


def _refuse_unallowed(session: Session) -> None:
    """The two facts are asked of the catalogue, which harms nobody (sql/facts/statements_allowed.sql)."""
    (may,) = session.ask("statements_allowed")
    info = session.connection.info
    if not may["installed"]:
        raise CouldNotLook(
            f"pg_stat_statements is not installed in database {info.dbname}",
            "CREATE EXTENSION pg_stat_statements, with shared_preload_libraries = 'pg_stat_statements'",
        )
    if not may["allowed"]:
        raise CouldNotLook(
            f"{info.user} may not read pg_stat_statements", f"GRANT pg_read_all_stats TO {identifier(info.user)}"
        )


def _entries(session: Session, node: str) -> Iterator[Counter]:
    for row in session.ask("statement_costs"):
        found = name_of(row["text"])
        if found:
            yield counter(row, node, found)


def counter(row: Row, node: str, found: tuple[tuple[str, ...], str]) -> Counter:
    """One row of any release: times are total_time up to PostgreSQL 12 (YugabyteDB 2024.2), then total_exec_time."""
    counted: Mapping[str, Any] = row["counters"]
    longest = counted.get("max_exec_time", counted.get("max_time"))
    since = counted.get("stats_since")  # PostgreSQL 17
    return Counter(
        node=node,
        id="/".join(str(counted[name]) for name in _IDENTITY if counted.get(name) is not None),
        query=found[1],
        eras=found[0],
        calls=int(counted["calls"]),
        total_ms=float(counted.get("total_exec_time", counted.get("total_time", 0.0))),
        max_ms=None if longest is None else float(longest),
        rows=int(counted["rows"]),
        since=datetime.fromisoformat(since) if since else None,
        buckets=tuple(_buckets(counted.get("yb_latency_histogram"))),
        extra=_extra(counted),
    )


def _buckets(histogram: object) -> Iterator[Bucket]:
    """YugabyteDB's yb_latency_histogram: `[{"[409.6,460.8)": 1}, …]`, in milliseconds."""
    for one in histogram if isinstance(histogram, list) else ():
        for ends, count in one.items():
            if found := _RANGE.fullmatch(ends):
                yield Bucket(float(found[1]), float(found[2]) if found[2] else None, int(count))


def _extra(counted: Mapping[str, Any]) -> dict[str, float]:
    """Counters that are not zero, but times that cannot be added (min, max, mean, stddev)."""
    return {
        name: float(value)
        for name, value in counted.items()
        if name not in _NOT_A_COUNTER
        and not name.startswith(("min_", "max_", "mean_", "stddev_", "total_time", "total_exec_time"))
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and value
    }
