"""The deeper look that rules need: statistics, growth, connections, security. What cannot be seen is Unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from kinetune.database.session import Row, Session
from kinetune.kine.keyspace import GAP, resource_prefix
from kinetune.model.facts import Connections, Facts, Growth, Idle, Relation, Resource, Security, Statistics, Unknown
from kinetune.model.failure import CouldNotLook

GAP_LIMIT = 100_000
"""gap_rows.sql counts so far."""
TOP_RESOURCES = 10

T = TypeVar("T")


def inspect(session: Session, facts: Facts) -> Facts:
    """The same facts with all that can be told without scanning kine."""
    table = facts.table
    if table is None:
        missing = Unknown("there is no table kine")
        return replace(facts, statistics=missing, growth=missing, connections=_guarded(lambda: _connections(session)))
    return replace(
        facts,
        statistics=_guarded(lambda: _statistics(session)),
        growth=_guarded(lambda: _growth(session, table)),
        connections=_guarded(lambda: _connections(session)),
        security=_guarded(lambda: _security(session)),
    )


def _guarded(look: Callable[[], T]) -> T | Unknown:
    try:
        return look()
    except CouldNotLook as failure:
        return Unknown(str(failure))


def _statistics(session: Session) -> Statistics:
    rows = session.ask("statistics")
    if not rows:
        raise CouldNotLook("the statistics views show no table kine", "GRANT pg_read_all_stats to this role")
    return Statistics(**rows[0])


def _growth(session: Session, table: Relation) -> Growth:
    sampled = session.ask("sample_rows")
    share = (table.rows or len(sampled)) / max(len(sampled), 1)
    (compaction,) = session.ask("compaction")
    return Growth(
        current_revision=table.max_id or 0,
        compacted_revision=compaction["compacted_revision"],
        compaction_rows=compaction["compaction_rows"],
        deletable_rows=round(share * sum(row["deletable"] for row in sampled)),
        sampled_rows=len(sampled),
        gap_rows=_gap_rows(session, table, (sampled, share)),
        gap_limit=GAP_LIMIT,
        resources=_resources(sampled, share),
    )


def _gap_rows(session: Session, table: Relation, sample: tuple[list[Row], float]) -> int:
    """Counted where the index on name is in the order of bytes, else estimated from the sample."""
    name = table.column("name")
    if name is not None and name.collation == "C":
        return int(session.ask("gap_rows")[0]["gap_rows"])
    rows, share = sample
    return round(share * sum(str(row["name"]).startswith(GAP) for row in rows))


def _resources(sampled: list[Row], share: float) -> tuple[Resource, ...]:
    """The ten with the most revisions; bytes are those of their values as stored."""
    revisions: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for row in sampled:
        prefix = resource_prefix(row["name"])
        revisions[prefix] += 1
        sizes[prefix] += row["bytes"]
    return tuple(
        Resource(prefix, round(count * share), round(sizes[prefix] * share))
        for prefix, count in revisions.most_common(TOP_RESOURCES)
    )


def _connections(session: Session) -> Connections:
    (row,) = session.ask("connections")
    if row["hidden"]:
        raise CouldNotLook(
            f"{row['hidden']} sessions of other roles cannot be seen",
            f"GRANT pg_read_all_stats TO {session.connection.info.user}",
        )
    idle = tuple(Idle(**found) for found in session.ask("idle"))
    return Connections(row["most"], row["reserved"], row["used"], row["in_store"], idle, _pooler(session, row["own"]))


def _pooler(session: Session, own: int) -> str:
    """A pooler gives its clients a process number of its own; the server knows the true one."""
    told = session.connection.info.backend_pid
    return f"a connection pooler (it says process {told}, the server {own})" if told != own else ""


def _security(session: Session) -> Security:
    (row,) = session.ask("security")
    password: bool | Unknown = Unknown("pg_hba_file_rules may be read by superusers only")
    if row["hba"]:
        password = bool(session.ask("password")[0]["password"])
    return Security(row["local"], row["tls"], tuple(row["public"]), password)
