"""What makes a relation called kine Kine's own table, and what its indexes must do whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from kinetune.kine.schema import COLUMNS, INDEXES, PRIMARY_KEY
from kinetune.model.facts import Facts, Relation, SeenIndex
from kinetune.model.schema import Column
from kinetune.quoting import identifier

TABLES = ("r", "p")
"""pg_class.relkind of what Kine can work with: a table, and one in partitions."""
KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "p": "a partitioned table",
    "S": "a sequence",
}
"""pg_class.relkind in words, without the plain table."""
SETTINGS_SINCE = "kinetune: planner settings since "
"""How the comment begins that kinetune writes on kine; then comes a time as ISO 8601 in UTC."""
NAMES = frozenset(index.name for index in INDEXES)
"""The index names Kine takes, of any era."""
NEW, OLD = "kinetune_new_", "kinetune_old_"
"""Before the names of indexes that kinetune has not finished, and of those it has put aside."""
COPY, BEFORE = "kinetune_new_kine", "kine_before_init"
"""The table that a rebuild fills, and the one it has put aside until `kinetune init --finish`."""
STAGED = "kinetune_staged_kine"
"""A new table until it is complete: no Kine can open it before it gets its name."""
BESIDE = (COPY, BEFORE, STAGED)
"""What kinetune may keep beside kine."""


def stranger(table: Relation) -> str:
    """Why no Kine works with the relation, in words that follow its name; empty where one may."""
    if table.kind not in TABLES:
        return f"is {KINDS.get(table.kind, 'not a table')}, not Kine's table"
    wrong = next(wrongs(table), "")
    return f"is not Kine's table: {wrong}" if wrong else ""


def oddities(table: Relation) -> Iterator[str]:
    """What Kine takes as it is and kinetune does not tune, in words that follow `it`: none in Kine's own table."""
    if table.kind == "p":
        yield "is a partitioned table"
    for wanted in COLUMNS:
        seen = table.column(wanted.name)
        if seen is not None and seen.type not in known_types(wanted.name):
            yield f"has {seen.type} for {wanted.name}, Kine's is {wanted.type}"
    if not keyed_by_id(table):
        yield "has another primary key than (id)"
    if table.sequence is not None and table.identity:
        yield "draws its ids as an identity column"


def overlooked(facts: Facts) -> str:
    """What helps where Kine would make an empty table in another schema than this one's; empty where it would not."""
    table, schema = facts.table, facts.role.schema
    if table is None or schema is None or schema == table.schema:
        return ""
    return way_to(table.schema)


def way_to(schema: str) -> str:
    """What leads Kine to the table of that schema. A name that needs quotes keeps them, percent-encoded."""
    parameter = f"search_path={quote(identifier(schema), safe='')}"
    return f"put {parameter} behind the ? of Kine's endpoint (after & if others are there)"


def wrongs(table: Relation) -> Iterator[str]:
    """
    Everything in a table's shape that Kine cannot work with, in the order of the columns.

    Tried with v0.10.1, v0.14.16 and v0.17.5 (docs/facts/kine.md §8.3): no key and another key are no hindrance.
    """
    for wanted in COLUMNS:
        seen = table.column(wanted.name)
        if seen is None:
            yield f"it has no column {wanted.name}"
        elif not _readable(wanted.name, seen.type):
            yield f"its column {wanted.name} is {seen.type}, Kine's is {wanted.type}"
    if table.sequence is None:
        yield "its column id does not draw from a sequence"


def _readable(column: str, kind: str) -> bool:
    """Whether Kine reads and writes that type there; of those that nobody tried it is not said to."""
    kind = kind.partition("(")[0]
    if column == "name":
        return kind == "text" or kind.startswith("character varying")
    if column in ("value", "old_value"):
        return kind == "bytea"
    wide = column in ("id", "create_revision", "prev_revision")
    return kind in ({"integer", "bigint", "numeric"} if wide else {"smallint", "integer", "bigint"})


def known_types(column: str) -> frozenset[str]:
    """Types the column has had: INTEGER before v0.11.5, VARCHAR(630) before v0.13.0 (facts/kine.md §1.1)."""
    wanted = next(known.type for known in COLUMNS if known.name == column)
    older = {"bigint": {"integer"}, "text": {"character varying(630)", "character varying"}}
    return frozenset({wanted} | older.get(wanted, set()))


def strange_columns(table: Relation) -> tuple[Column, ...]:
    """Columns that no Kine makes."""
    known = {column.name for column in COLUMNS}
    return tuple(column for column in table.columns if column.name not in known)


def keyed_by_id(table: Relation) -> bool:
    seen = table.primary_key
    return seen is not None and [key.column for key in seen.index.keys] == [key.column for key in PRIMARY_KEY.keys]


def guards(table: Relation) -> tuple[SeenIndex, ...]:
    """The indexes, valid or not, that refuse a second row of the same name and prev_revision."""
    return tuple(
        seen
        for seen in table.indexes
        if seen.index.unique
        and seen.index.predicate is None
        and {key.column for key in seen.index.keys} == {"name", "prev_revision"}
    )


def leftover(name: str) -> bool:
    """An index that an interrupted run of kinetune built or put aside."""
    return name.startswith((NEW, OLD))
