"""
A new table for Kine: at once where DDL is transactional, else under another name until it is complete.

Without the second way a Kine that starts meanwhile would write into a table whose indexes are still being built, or
find planted rows. Kine looks for a table called `kine` and for its index names (CREATE … IF NOT EXISTS): both are
given last, the table's first, so that a Kine that starts in between makes its own indexes and never lacks one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.kine.schema import PRIMARY_KEY, TABLE
from kinetune.kine.shape import NEW, STAGED, leftover
from kinetune.model.facts import Facts, Unknown
from kinetune.model.script import Step
from kinetune.tuning import statements
from kinetune.tuning.planting import planting
from kinetune.tuning.sequence import cached_ids
from kinetune.tuning.target import Target

UNUSED = "nothing: nobody uses the table before it has its name"


def new_table_steps(facts: Facts, target: Target) -> Iterator[Step]:
    """The table of a target, where there is none or one to be replaced (`is_unplanted`)."""
    if facts.server.can("transactional_ddl"):
        yield _at_once(facts, target)
        return
    hazard = cached_ids(facts)
    for step in _staged(facts, target):
        yield replace(step, hazard=hazard)


def is_unplanted(facts: Facts, target: Target) -> bool:
    """
    Whether kine is an empty table without statistics that no Kine uses, as kinetune 0.1.0 made it: it is replaced.

    Only where nothing hangs on it that a new table would not have, and where it is seen that nobody is connected.
    """
    table = facts.table
    return (
        target.plants
        and table is not None
        and table.max_id is None
        and not table.rows
        and not (table.grants or table.attached)
        and table.owner == facts.role.name
        and not any(leftover(seen.index.name) for seen in table.indexes)
        and not isinstance(facts.sessions, Unknown)
        and all(name.startswith("kinetune/") for name in facts.sessions)
    )


def discard() -> Step:
    """Drop a staged table, which an interrupted run left or which a Kine that made its own was quicker than."""
    return Step(
        does=f"drop the unfinished table {STAGED}",
        why="an interrupted run left it; it has no row of a Kine",
        statements=(statements.drop_if_unused(STAGED),),
        locks=UNUSED,
    )


def _at_once(facts: Facts, target: Target) -> Step:
    """On an empty table plain builds are instant, and a half-made table is never seen."""
    server = facts.server
    return Step(
        does=f"create the table kine with {len(target.indexes)} indexes ({target.profile})",
        why="Kine finds every name taken at its start and adds nothing",
        statements=(
            statements.create_table(target, server),
            *(statements.create_index(index, server) for index in target.indexes),
        ),
        locks="nothing: the table is new",
        undo=("DROP TABLE kine",),
        atomic=True,
    )


def _staged(facts: Facts, target: Target) -> Iterator[Step]:
    server, drop = facts.server, (statements.drop_table(STAGED),)
    yield Step(
        does=f"create the table, as {STAGED}",
        why="no Kine can open it before it is complete",
        statements=(statements.create_beside(target, server, STAGED),),
        locks=UNUSED,
        undo=drop,
    )
    if target.plants:
        yield planting(STAGED, server)
    yield Step(
        does=f"build its {len(target.indexes)} indexes ({target.profile})",
        why="Kine finds every name taken at its start and adds nothing",
        statements=tuple(
            statements.create_index_on(STAGED, replace(index, name=NEW + index.name), server)
            for index in target.indexes
        ),
        locks=UNUSED,
    )
    if facts.table is not None:
        yield _replaced()
    yield _named(target)


def _replaced() -> Step:
    """The one moment without a table: a Kine that starts in it makes its own, and the next run sees that."""
    return Step(
        does="drop the empty table kine, which has no statistics",
        why="rows and sessions were looked for: it has none",
        statements=(statements.drop_if_empty(TABLE),),
        locks="everything that asks for kine, until the next step",
        kine_may_run=False,
    )


def _named(target: Target) -> Step:
    sequence = target.sequence
    return Step(
        does=f"call it {TABLE}, and give it its sequence and the names of its indexes",
        why="last, when it is complete and empty",
        statements=(
            statements.create_sequence(sequence, sequence.name, STAGED),
            statements.draw_from(sequence.name, STAGED),
            statements.rename_if_empty(STAGED, TABLE),
            statements.rename_constraint(NEW + PRIMARY_KEY.name, target.primary_key.name),
            *(statements.rename_index(NEW + index.name, index.name) for index in target.indexes),
        ),
        locks=UNUSED,
        undo=("DROP TABLE kine",),
    )
