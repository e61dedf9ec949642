"""Recognizes Kine's own table and its indexes, under any name."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from kinetune.kine.schema import COLUMNS, INDEXES, PRIMARY_KEY, TABLE
from kinetune.model.facts import Column, Facts, ObservedIndex, Relation
from kinetune.model.failure import Refused
from kinetune.quoting import identifier

TABLES = ("r", "p")
"""pg_class.relkind of the relations that Kine can use: a table and a partitioned table."""
KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "p": "a partitioned table",
    "S": "a sequence",
}
"""pg_class.relkind in words, without an ordinary table."""
SETTINGS_SINCE = "kinetune: planner settings since "
"""Beginning of the comment that kinetune writes on kine, followed by a time (ISO 8601, UTC)."""
NAMES = frozenset(index.name for index in INDEXES)
"""The names of Kine's indexes in any era."""
NEW, OLD = "kinetune_new_", "kinetune_old_"
"""Prefixes of indexes that kinetune is building, and of those that it has replaced."""
COPY, BEFORE = "kinetune_new_kine", "kine_before_init"
"""The table that a rebuild fills, and the replaced one, which is kept until `kinetune init --drop-old-table`."""
STAGED = "kinetune_staged_kine"
"""A new table until it is complete. It gets its final name last, so that no Kine can use it before."""
NAME_ANOTHER_DATABASE = "nothing was changed; name another database in the endpoint"
BESIDE = (COPY, BEFORE, STAGED)
"""Tables that kinetune may keep in addition to kine."""


def refuse_foreign_table(facts: Facts) -> None:
    """Raise Refused if Kine does not support the server, or if Kine cannot work with the relation kine."""
    table = facts.table
    if facts.server.unsupported:
        raise Refused(f"{facts.server} is not supported by Kine (KT412)", "use PostgreSQL or YugabyteDB")
    if table is None:
        return
    if why := describe_unusable(table):
        raise Refused(f"{table.schema}.{TABLE} in database {facts.database} {why}", NAME_ANOTHER_DATABASE)


def describe_unusable(table: Relation) -> str:
    """Why no Kine release can use the relation, in words that follow its name; empty if one may."""
    if table.kind not in TABLES:
        return f"is {KINDS.get(table.kind, 'not a table')}, not Kine's table"
    wrong = next(find_defects(table), "")
    return f"is not Kine's table: {wrong}" if wrong else ""


def find_deviations(table: Relation) -> Iterator[str]:
    """Deviations from Kine's own table that Kine accepts but kinetune does not tune, in words that follow `it`."""
    if table.kind == "p":
        yield "is a partitioned table"
    for wanted in COLUMNS:
        seen = table.column(wanted.name)
        if seen is not None and seen.type not in known_types(wanted.name):
            yield f"has {seen.type} for {wanted.name}, Kine's is {wanted.type}"
    if not has_id_key(table):
        yield "has another primary key than (id)"
    if table.sequence is not None and table.identity:
        yield "draws its ids as an identity column"


def describe_schema_fix(facts: Facts) -> str:
    """How to change the endpoint if Kine would create an empty table in another schema; empty if it would not."""
    table, schema = facts.table, facts.role.schema
    if table is None or schema is None or schema == table.schema:
        return ""
    return describe_search_path(table.schema)


def describe_search_path(schema: str) -> str:
    """How to select the table of that schema in the endpoint. Quotes of the name are kept, percent-encoded."""
    parameter = f"search_path={quote(identifier(schema), safe='')}"
    return f"add {parameter} to Kine's endpoint, after ? or & if it already has parameters"


def find_defects(table: Relation) -> Iterator[str]:
    """
    Everything in the shape of a table that Kine cannot use, in the order of the columns.

    Tried with v0.10.1, v0.14.16 and v0.17.5 (docs/facts/kine.md §8.3): a missing or different primary key does not
    matter.
    """
    for wanted in COLUMNS:
        seen = table.column(wanted.name)
        if seen is None:
            yield f"it has no column {wanted.name}"
        elif not _is_readable_type(wanted.name, seen.type):
            yield f"its column {wanted.name} is {seen.type}, Kine's is {wanted.type}"
    if table.sequence is None:
        yield "its column id has no sequence"


def _is_readable_type(column: str, kind: str) -> bool:
    """Whether Kine can read and write that type. Types that were not tried count as unusable."""
    kind = kind.partition("(")[0]
    if column == "name":
        return kind == "text" or kind.startswith("character varying")
    if column in ("value", "old_value"):
        return kind == "bytea"
    # Kine works with NUMERIC ids and revisions too (docs/facts/kine.md §8.3).
    wide = column in ("id", "create_revision", "prev_revision")
    return kind in ({"integer", "bigint", "numeric"} if wide else {"smallint", "integer", "bigint"})


def known_types(column: str) -> frozenset[str]:
    """Types the column has had: INTEGER before v0.11.5, VARCHAR(630) before v0.13.0 (docs/facts/kine.md §1.1)."""
    wanted = next(known.type for known in COLUMNS if known.name == column)
    older = {"bigint": {"integer"}, "text": {"character varying(630)", "character varying"}}
    return frozenset({wanted} | older.get(wanted, set()))


def find_unknown_columns(table: Relation) -> tuple[Column, ...]:
    """Columns that no Kine release creates."""
    known = {column.name for column in COLUMNS}
    return tuple(column for column in table.columns if column.name not in known)


def has_id_key(table: Relation) -> bool:
    """Whether the primary key is (id)."""
    seen = table.primary_key
    return seen is not None and [key.column for key in seen.index.keys] == [key.column for key in PRIMARY_KEY.keys]


def find_unique_indexes(table: Relation) -> tuple[ObservedIndex, ...]:
    """The indexes, valid or not, that reject a second row with the same name and prev_revision."""
    return tuple(
        seen
        for seen in table.indexes
        if seen.index.unique
        and seen.index.predicate is None
        and {key.column for key in seen.index.keys} == {"name", "prev_revision"}
    )


def is_leftover(name: str) -> bool:
    """Whether the name is that of an index which an interrupted kinetune was building or replacing."""
    return name.startswith((NEW, OLD))
