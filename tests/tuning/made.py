"""Hand-made facts: a store just as a target wants it, and changes to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kinetune.kine.releases import ERAS, find_era
from kinetune.model.facts import Facts, Index, Key, ObservedIndex, Relation, Role
from kinetune.model.server import Server
from kinetune.servers.identification import parse_server_name
from kinetune.tuning.profiles import build_target
from kinetune.tuning.target import TargetSchema

PG15, PG16 = parse_server_name("postgresql-15"), parse_server_name("postgresql-16")
YB = parse_server_name("yugabytedb-2024.2.11")
SERVERS = [
    PG15,
    parse_server_name("postgresql-18"),
    parse_server_name("yugabytedb-2.20"),
    YB,
    parse_server_name("yugabytedb-2025.2"),
]
NEWEST = ERAS[-1]
OLD_ERA = find_era("E07")
OWNER = Role("kine", superuser=False, create_database=False, owns_table=True, may_create=True)


def wanted(profile: str, server: Server = PG15, era: str = "E20") -> TargetSchema:
    return build_target(profile, server, find_era(era))


def table_of(target: TargetSchema) -> Relation:
    """The relation that a target describes, with a few rows in it."""
    return Relation(
        schema="public",
        kind="r",
        columns=target.columns,
        primary_key=ObservedIndex(target.primary_key, constraint=target.primary_key.name),
        indexes=tuple(map(ObservedIndex, target.indexes)),
        sequence=target.sequence,
        rows=100,
        max_id=100,
        last_id=100,
    )


def facts_of(target: TargetSchema, server: Server = PG15, /, **changes: Any) -> Facts:
    """What a look at a store just as the target wants it would give; `changes` are the relation's."""
    return Facts(
        observed_at=datetime(2026, 11, 23, tzinfo=UTC),
        server=server,
        database="kubernetes",
        database_exists=True,
        role=OWNER,
        table=replace(table_of(target), **changes),
        database_settings=dict(target.settings),
    )


def indexes(table: Relation, *seen: ObservedIndex) -> tuple[ObservedIndex, ...]:
    """The table's indexes with these in place of those of the same names, or behind them."""
    names = {one.index.name for one in seen}
    return (*(one for one in table.indexes if one.index.name not in names), *seen)


def plain(name: str, *columns: str) -> Index:
    return Index(name, tuple(map(Key, columns)))
