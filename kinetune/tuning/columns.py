"""Column types of older Kine releases, brought to today's."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation
from kinetune.model.schema import Column
from kinetune.model.script import Hazard, Step
from kinetune.model.server import Flavour, Server
from kinetune.tuning.statements import change_types
from kinetune.tuning.target import Target

ANALYZE = "ANALYZE kine"
"""A column that changes its type loses its statistics, and autovacuum does not notice: lists would read everything."""


def column_steps(table: Relation, target: Target, server: Server) -> Iterator[Step]:
    """
    One statement for all columns. Kine must be stopped: its cached plans fail with 0A000 (facts/kine.md §0.6).

    Not on YugabyteDB, which changes no type once the ids are range-sharded: there the table is built anew (rebuild.py).
    """
    wrong = tuple(column for column in target.columns if target.exact_types and table.column(column.name) != column)
    if not wrong or server.flavour is Flavour.YUGABYTEDB:
        return
    before = tuple(column for name in wrong if (column := table.column(name.name)) is not None)
    yield Step(
        does=f"change {', '.join(f'{column.name} to {_words(column)}' for column in wrong)}",
        why=_why(wrong),
        statements=(change_types(wrong), ANALYZE),
        locks="every read and write of kine, while the table and its indexes are rewritten",
        undo=(change_types(before), ANALYZE),
        kine_may_run=False,
        hazard=Hazard.COLUMN_TYPES,
    )


def _words(column: Column) -> str:
    return f'{column.type} COLLATE "{column.collation}"' if column.collation else column.type


def _why(columns: tuple[Column, ...]) -> str:
    reasons = {
        "bigint": "INTEGER ids end at 2,147,483,647, and then no write succeeds",
        "text": 'key ranges use an index only under the collation "C", and VARCHAR(630) refuses long keys',
    }
    return "; ".join(dict.fromkeys(reasons.get(column.type, "Kine's own type") for column in columns))
