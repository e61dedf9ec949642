"""
Facts that rules need besides the schema: statistics, growth, integrity, connections, security, and the endpoint.

None of it may read the whole table, because kinetune also checks production stores. What cannot be observed is Unknown.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from psycopg import sql

from kinetune.database.nodes import NodeSessions
from kinetune.database.session import Row, Session
from kinetune.kine.keyspace import GAP, resource_prefix
from kinetune.kine.table_shape import describe_unusable
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import (
    Connections,
    EndpointFacts,
    Facts,
    Growth,
    IdleTransaction,
    Integrity,
    ObservedIndex,
    Order,
    Relation,
    ResourceGrowth,
    Security,
    Statistics,
)
from kinetune.model.failure import CouldNotLook
from kinetune.model.unknown import Unknown
from kinetune.quoting import identifier

GAP_LIMIT = 100_000
"""The limit of sql/facts/gap_rows.sql."""
CHECKED_ROWS = 4_000
"""Rows that sql/facts/nulls.sql reads at most: half of them the oldest, half the newest."""
TOP_RESOURCES = 10

T = TypeVar("T")


def inspect_store(session: Session, facts: Facts) -> Facts:
    """The same facts with everything that can be observed without reading all of kine."""
    return replace(
        facts,
        statistics=_or_unknown(lambda: _read_statistics(session, _require_kine(facts))),
        growth=_or_unknown(lambda: _estimate_growth(session, _require_kine(facts))),
        integrity=_or_unknown(lambda: _read_integrity(session, _require_kine(facts))),
        connections=_or_unknown(lambda: _read_connections(session, facts.table)),
        security=_or_unknown(lambda: _read_security(session)),
    )


def _or_unknown(look: Callable[[], T]) -> T | Unknown:
    try:
        return look()
    except CouldNotLook as failure:
        return Unknown(str(failure))


def _require_kine(facts: Facts) -> Relation:
    """Kine's table. Raises CouldNotLook if there is none, or if it has another shape."""
    if facts.table is None:
        raise CouldNotLook("there is no table kine")
    if why := describe_unusable(facts.table):
        raise CouldNotLook(f"kine {why}")
    return facts.table


def _read_statistics(session: Session, _table: Relation) -> Statistics:
    rows = session.query_file("statistics")
    if not rows:
        raise CouldNotLook("the statistics views show no table kine")
    return Statistics(**rows[0])


def _estimate_growth(session: Session, table: Relation) -> Growth:
    _refuse_full_scan(table)
    with _without_seqscan(session):
        sampled = session.query_file("sample_rows")
        (compaction,) = session.query_file("compaction")
        # In another order of names, the rows gap-… are not together in an index: counting them would read all of it.
        gaps = session.query_file("gap_rows")[0]["gap_rows"] if _is_name_ordered(table) else None
    share = _rows_per_sample(table, sampled)
    sampled_gaps = sum(row["name"].startswith(GAP) for row in sampled)
    return Growth(
        current_revision=table.max_id or 0,
        compacted_revision=compaction["compacted_revision"],
        deletable_rows=round(share * sum(row["deletable"] for row in sampled)),
        sampled_rows=len(sampled),
        gap_rows=round(share * sampled_gaps) if gaps is None else gaps,
        gap_limit=GAP_LIMIT,
        resources=_largest_resources(sampled, share),
    )


def _refuse_full_scan(table: Relation) -> None:
    if not _name_indexes(table):
        raise CouldNotLook(
            "no index of kine starts with name, so counting would read the whole table", "run kinetune init"
        )
    if table.primary_key and table.primary_key.index.keys[0].order is Order.HASH:
        raise CouldNotLook(
            "ids are hash-sharded, so a sample in their order would read the whole table", "run kinetune init"
        )


def _read_integrity(session: Session, table: Relation) -> Integrity:
    _refuse_full_scan(table)
    with _without_seqscan(session):
        (compaction,) = session.query_file("compaction")
        (nulls,) = session.query_file("nulls")
    looked = nulls.pop("looked")
    return Integrity(looked, looked < CHECKED_ROWS, nulls, compaction["compaction_rows"], compaction["bare_revision"])


@contextlib.contextmanager
def _without_seqscan(session: Session) -> Iterator[None]:
    """
    Turn sequential scans off inside. For a tenth of the rows the planner may prefer one, which loads the server more
    than kinetune may.
    """
    with session.connection.transaction():
        session.execute_statement(sql.SQL("SET LOCAL enable_seqscan = off").format())
        yield


def _name_indexes(table: Relation) -> list[ObservedIndex]:
    """Valid indexes of all rows whose first column is name."""
    whole = (observed for observed in table.indexes if observed.valid and observed.index.predicate is None)
    return [observed for observed in whole if observed.index.keys and observed.index.keys[0].column == "name"]


def _is_name_ordered(table: Relation) -> bool:
    """Whether an index keeps names with a common prefix together: in byte order (COLLATE "C") and not hash-sharded."""
    name = table.column("name")
    is_bytes = name is not None and name.collation == "C"
    return is_bytes and any(observed.index.keys[0].order is not Order.HASH for observed in _name_indexes(table))


def _rows_per_sample(table: Relation, sampled: list[Row]) -> float:
    """Rows of the table per sampled row, by the planner's estimate or else by the share of blocks that were read."""
    if not sampled:
        return 1.0
    return table.size / len(sampled) if table.size else float(sampled[0].get("stands_for", 1.0))


def _largest_resources(sampled: list[Row], share: float) -> tuple[ResourceGrowth, ...]:
    """The TOP_RESOURCES resources with the most revisions, and the bytes of their values as stored."""
    revisions: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for row in sampled:
        prefix = resource_prefix(row["name"])
        revisions[prefix] += 1
        sizes[prefix] += row["bytes"]
    return tuple(
        ResourceGrowth(prefix, round(count * share), round(sizes[prefix] * share))
        for prefix, count in revisions.most_common(TOP_RESOURCES)
    )


def _read_connections(session: Session, table: Relation | None) -> Connections:
    (row,) = session.query_file("connections")
    # With sessions missing, a rule about the number of connections would pass although there are too many.
    if row["hidden"]:
        raise CouldNotLook(
            f"{row['hidden']} sessions of other roles are hidden",
            f"GRANT pg_read_all_stats TO {identifier(session.connection.info.user)}",
        )
    idle = tuple(IdleTransaction(**found) for found in session.query_file("idle"))
    # Without the time of the last change (another tool set them) no session can be called older.
    older = _count_older_sessions(session, table.settings_since) if table and table.settings_since else 0
    return Connections(
        row["most"], row["reserved"], row["used"], row["in_store"], idle, _detect_pooler(session, row["own"]), older
    )


def _count_older_sessions(session: Session, since: datetime) -> int:
    """Sessions on all reachable nodes that began before `since` and so still have the former settings."""
    return sum(
        row["began"] < since for _, node in NodeSessions(session, "check") for row in node.query_file("session_starts")
    )


def _detect_pooler(session: Session, own: int) -> str:
    """A pooler reports a process number of its own to its clients; pg_backend_pid() returns that of the server."""
    reported = session.connection.info.backend_pid
    return f"a connection pooler (it reports process {reported}, the server {own})" if reported != own else ""


def _read_security(session: Session) -> Security:
    (row,) = session.query_file("security")
    password: bool | Unknown = Unknown("only superusers may read pg_hba_file_rules")
    # By default only superusers may read the view.
    if row["hba"]:
        password = bool(session.query_file("password")[0]["password"])
    return Security(row["local"], row["tls"], tuple(row["public"]), password, row["tcp"])


def observe_endpoint(session: Session, endpoint: Endpoint) -> EndpointFacts:
    """
    What the endpoint needs besides the store: parameters that are settings of the server, and the database
    `postgres`, to which some releases of Kine connect first. Raises CouldNotLook.
    """
    return EndpointFacts(endpoint.written, _setting_contexts(session, endpoint.written), _postgres_problem(session))


def _setting_contexts(session: Session, names: tuple[str, ...]) -> dict[str, str]:
    if not names:
        return {}
    wanted = [name.lower() for name in names]
    text = "SELECT lower(name) AS name, context FROM pg_settings WHERE lower(name) = ANY(%s)"
    return {row["name"]: row["context"] for row in session.query(text, wanted)}


def _postgres_problem(session: Session) -> str:
    """Why the role cannot connect to the database `postgres`, or ''. A rejection by pg_hba.conf is not visible."""
    found = session.query_file("postgres_database")
    if not found:
        return "it does not exist"
    if not found[0]["allows"]:
        return "it accepts no connections"
    return "" if found[0]["granted"] else "the role may not connect to it"
