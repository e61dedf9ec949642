"""The deeper look that rules need: statistics, growth, connections, security. What cannot be seen is Unknown."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from psycopg import sql

from kinetune.database.nodes import Nodes
from kinetune.database.session import Row, Session
from kinetune.kine.keyspace import GAP, resource_prefix
from kinetune.kine.shape import stranger
from kinetune.model.facts import (
    Connections,
    Facts,
    Growth,
    Idle,
    Integrity,
    Relation,
    Resource,
    Security,
    SeenIndex,
    Statistics,
    Unknown,
)
from kinetune.model.failure import CouldNotLook
from kinetune.model.schema import Order
from kinetune.quoting import identifier

GAP_LIMIT = 100_000
"""gap_rows.sql counts so far."""
ENDS = 4_000
"""Rows that nulls.sql looks at, where there are more: half of them the oldest, half the newest."""
TOP_RESOURCES = 10

T = TypeVar("T")


def inspect(session: Session, facts: Facts) -> Facts:
    """The same facts with all that can be told without scanning kine."""
    return replace(
        facts,
        statistics=_guarded(lambda: _statistics(session, _kine(facts))),
        growth=_guarded(lambda: _growth(session, _kine(facts))),
        integrity=_guarded(lambda: _integrity(session, _kine(facts))),
        connections=_guarded(lambda: _connections(session, facts.table)),
        security=_guarded(lambda: _security(session)),
    )


def _guarded(look: Callable[[], T]) -> T | Unknown:
    try:
        return look()
    except CouldNotLook as failure:
        return Unknown(str(failure))


def _kine(facts: Facts) -> Relation:
    """Kine's own table; of another one nothing of this can be told."""
    if facts.table is None:
        raise CouldNotLook("there is no table kine")
    if why := stranger(facts.table):
        raise CouldNotLook(f"kine {why}")
    return facts.table


def _statistics(session: Session, _table: Relation) -> Statistics:
    rows = session.ask("statistics")
    if not rows:
        raise CouldNotLook("the statistics views show no table kine")
    return Statistics(**rows[0])


def _growth(session: Session, table: Relation) -> Growth:
    _refuse_reading_all(table)
    with _by_index(session):
        sampled = session.ask("sample_rows")
        (compaction,) = session.ask("compaction")
        gaps = session.ask("gap_rows")[0]["gap_rows"] if _in_order(table) else None
    share = _share(table, sampled)
    seen = sum(row["name"].startswith(GAP) for row in sampled)
    return Growth(
        current_revision=table.max_id or 0,
        compacted_revision=compaction["compacted_revision"],
        deletable_rows=round(share * sum(row["deletable"] for row in sampled)),
        sampled_rows=len(sampled),
        gap_rows=round(share * seen) if gaps is None else gaps,
        gap_limit=GAP_LIMIT,
        resources=_resources(sampled, share),
    )


def _refuse_reading_all(table: Relation) -> None:
    if not _by_name(table):
        raise CouldNotLook("no index of kine begins with name: counting would read the whole table", "kinetune init")
    if table.primary_key and table.primary_key.index.keys[0].order is Order.HASH:
        raise CouldNotLook(
            "ids are sharded by hash: a sample in their order would read the whole table", "kinetune init"
        )


def _integrity(session: Session, table: Relation) -> Integrity:
    _refuse_reading_all(table)
    with _by_index(session):
        (compaction,) = session.ask("compaction")
        (nulls,) = session.ask("nulls")
    looked = nulls.pop("looked")
    return Integrity(looked, looked < ENDS, nulls, compaction["compaction_rows"], compaction["bare_revision"])


@contextlib.contextmanager
def _by_index(session: Session) -> Iterator[None]:
    """Where a tenth of the rows is looked for the planner would rather read all of them: a guest may not."""
    with session.connection.transaction():
        session.run(sql.SQL("SET LOCAL enable_seqscan = off").format())
        yield


def _by_name(table: Relation) -> list[SeenIndex]:
    """Indexes that find rows by their name."""
    whole = (seen for seen in table.indexes if seen.valid and seen.index.predicate is None)
    return [seen for seen in whole if seen.index.keys and seen.index.keys[0].column == "name"]


def _in_order(table: Relation) -> bool:
    """Whether names that begin alike stand together in an index: in the order of bytes, and not hashed."""
    name = table.column("name")
    is_bytes = name is not None and name.collation == "C"
    return is_bytes and any(seen.index.keys[0].order is not Order.HASH for seen in _by_name(table))


def _share(table: Relation, sampled: list[Row]) -> float:
    """Rows of the table for each of the sample; where the table was never analysed by the blocks that were left out."""
    if not sampled:
        return 1.0
    return table.size / len(sampled) if table.size else float(sampled[0].get("stands_for", 1.0))


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


def _connections(session: Session, table: Relation | None) -> Connections:
    (row,) = session.ask("connections")
    if row["hidden"]:
        raise CouldNotLook(
            f"{row['hidden']} sessions of other roles cannot be seen",
            f"GRANT pg_read_all_stats TO {identifier(session.connection.info.user)}",
        )
    idle = tuple(Idle(**found) for found in session.ask("idle"))
    older = _older(session, table.settings_since) if table and table.settings_since else 0
    return Connections(
        row["most"], row["reserved"], row["used"], row["in_store"], idle, _pooler(session, row["own"]), older
    )


def _older(session: Session, since: datetime) -> int:
    """A node that cannot be reached shows nothing."""
    return sum(row["began"] < since for _, node in Nodes(session, "check") for row in node.ask("session_starts"))


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
