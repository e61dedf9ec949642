"""
pg_stat_statements: counters by the names of Kine's queries, from every node, and the era of Kine that sent them.

The view is never read without pg_read_all_stats: on YugabyteDB 2.x such a read keeps the view's lock and the node hangs
(docs/facts/recorded.md §7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kinetune.database.nodes import NodeSessions
from kinetune.database.session import Row, Session
from kinetune.kine.query_recognition import era_of_statements, name_of
from kinetune.kine.releases import Era, EraInUse, assume_newest_era
from kinetune.model.counters import Bucket, Counter, CounterNode, Counters
from kinetune.model.failure import CouldNotLook
from kinetune.quoting import identifier

_IDENTITY = ("userid", "dbid", "toplevel", "queryid")
_NOT_A_COUNTER = {*_IDENTITY, "calls", "rows", "stats_since", "minmax_stats_since", "yb_latency_histogram"}
_CREATE = "CREATE EXTENSION pg_stat_statements"
_RANGE = re.compile(r"\[([\d.]+),([\d.]*)\)")


def read_statement_counters(session: Session) -> Counters:
    """
    The counters of all nodes at this moment. CouldNotLook if the extension or the privilege is missing.

    A statement that several eras send has the name that the newest of them gives it, as in logs. Nodes that could not
    be read are in `notices`.
    """
    nodes = NodeSessions(session, "hotspots")
    places: list[CounterNode] = []
    entries: list[Counter] = []
    refused: list[CouldNotLook] = []
    taken: list[datetime] = []
    for name, node in nodes:
        try:
            now, place = _read_clock(node, name)
            entries += _read_entries(node, name)
        except CouldNotLook as failure:
            refused.append(failure)
            nodes.notices.append(f"cannot read node {name}, its data is missing: {failure.cause}")
        else:
            taken.append(now)
            places.append(place)
    if not places:
        raise refused[0] if refused else CouldNotLook(nodes.notices[0] if nodes.notices else "no node answered")
    return Counters(max(taken), tuple(places), tuple(entries), {}, tuple(nodes.notices), session.connection.info.dbname)


def _read_clock(session: Session, name: str) -> tuple[datetime, CounterNode]:
    _require_access(session)
    (row,) = session.query_file("statement_clock")
    resets = session.query_file("statement_resets") if row["has_resets"] else []
    return row["now"], CounterNode(name, resets[0]["began"], resets[0]["evicted"]) if resets else CounterNode(name)


def _require_access(session: Session) -> None:
    """Raise CouldNotLook unless the view can be read. This queries the catalogs only, not the view itself."""
    (access,) = session.query_file("statements_allowed")
    info = session.connection.info
    if not access["installed"]:
        raise CouldNotLook(
            f"pg_stat_statements is not installed in database {info.dbname}",
            f"in that database, {_CREATE}"
            if access["preloaded"]
            else f"set shared_preload_libraries = 'pg_stat_statements', restart the server, {_CREATE}",
        )
    if not access["allowed"]:
        raise CouldNotLook(
            f"role {info.user} may not read pg_stat_statements", f"GRANT pg_read_all_stats TO {identifier(info.user)}"
        )


def _read_entries(session: Session, node: str) -> Iterator[Counter]:
    for row in session.query_file("statement_costs"):
        found = name_of(row["text"])
        if found:
            yield build_counter(row, node, found)


def build_counter(row: Row, node: str, found: tuple[tuple[str, ...], str]) -> Counter:
    """
    One row as counters. `found` are the eras that send the statement and its name.

    The time is called total_time up to PostgreSQL 12 (YugabyteDB 2024.2) and total_exec_time afterwards.
    """
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
        buckets=tuple(_parse_buckets(counted.get("yb_latency_histogram"))),
        extra=_other_counters(counted),
    )


def _parse_buckets(histogram: object) -> Iterator[Bucket]:
    """Buckets of YugabyteDB's yb_latency_histogram: `[{"[409.6,460.8)": 1}, …]`, in milliseconds."""
    for one in histogram if isinstance(histogram, list) else ():
        for ends, count in one.items():
            if found := _RANGE.fullmatch(ends):
                yield Bucket(float(found[1]), float(found[2]) if found[2] else None, int(count))


def _other_counters(counted: Mapping[str, Any]) -> dict[str, float]:
    """All other counters that are not zero, without those whose difference has no meaning (min, max, mean, stddev)."""
    return {
        name: float(value)
        for name, value in counted.items()
        if name not in _NOT_A_COUNTER
        # PostgreSQL 13 has total_plan_time too, which is a counter of its own.
        and not name.startswith(("min_", "max_", "mean_", "stddev_", "total_time", "total_exec_time"))
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and value
    }


def era_in_use(session: Session) -> EraInUse:
    """The era whose statements the server has recorded, otherwise the newest."""
    era, source = recorded_era(session)
    return EraInUse(era, source) if era else assume_newest_era(source)


def recorded_era(session: Session) -> tuple[Era | None, str]:
    """The era whose statements the server has recorded, or None; and the source of this fact, or the reason."""
    (access,) = session.query_file("statements_allowed")
    if not access["installed"]:
        return None, "pg_stat_statements is not installed in this database"
    if not access["allowed"]:
        return None, f"pg_stat_statements needs GRANT pg_read_all_stats TO {session.connection.info.user}"
    try:
        found = era_of_statements(row["query"] for row in session.query_file("statements"))
    except CouldNotLook as failure:
        return None, str(failure)
    if found is None:
        # All statements of the old eras exist in several of them, and an upgrade leaves those of both eras.
        return None, "pg_stat_statements holds no statement that only one era of Kine sends"
    return found, f"pg_stat_statements holds statements of Kine {found.releases}"
