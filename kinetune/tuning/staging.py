"""
A new table for Kine: in one transaction where DDL is transactional, otherwise under another name until it is complete.

A Kine that starts at the same time must not write to a table whose indexes are still being built, or find planted rows.
Kine looks for the name of the table and for the names of its indexes (CREATE … IF NOT EXISTS). Both are given last,
that of the table first: a Kine that starts between the renames creates its own indexes and never lacks one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.kine.schema import PRIMARY_KEY, TABLE
from kinetune.kine.table_shape import NEW, STAGED, is_leftover
from kinetune.model.facts import Facts
from kinetune.model.script import Step
from kinetune.tuning import statements
from kinetune.tuning.planted_statistics import plant_statistics_step
from kinetune.tuning.sequence import cache_hazard
from kinetune.tuning.target import TargetSchema

NO_LOCKS = "nothing: the table is not in use before it has its name"


def new_table_steps(facts: Facts, target: TargetSchema) -> Iterator[Step]:
    """Create the target's table. There is none yet, or one that must be replaced (`lacks_statistics`)."""
    if facts.server.can("transactional_ddl"):
        yield _create_atomically(facts, target)
        return
    hazard = cache_hazard(facts)
    for step in _staged_steps(facts, target):
        yield replace(step, hazard=hazard)


def lacks_statistics(facts: Facts, target: TargetSchema) -> bool:
    """
    Whether kine is an empty, unused table without statistics, as kinetune 0.1.0 created it. It is then replaced.

    False if a new table would lack something that this one has (grants, triggers), or if another session is connected.
    """
    table = facts.table
    return (
        target.plants
        and table is not None
        and table.max_id is None
        and not table.rows
        and not (table.grants or table.attached)
        # A new table would belong to this role, and its Kine may connect as the owner.
        and table.owner == facts.role.name
        and not any(is_leftover(observed.index.name) for observed in table.indexes)
        and facts.client_sessions == {}
    )


def discard_step() -> Step:
    """Drop a staged table that an interrupted run left, or that is useless because a Kine has created its own table."""
    return Step(
        does=f"drop the unfinished table {STAGED}",
        why="an interrupted run left it; it contains no row of Kine",
        statements=(statements.drop_if_unused(STAGED),),
        locks=NO_LOCKS,
    )


def _create_atomically(facts: Facts, target: TargetSchema) -> Step:
    """One transaction: no other session sees an incomplete table, and builds on an empty table take no time."""
    server = facts.server
    return Step(
        does=f"create the table kine with {len(target.indexes)} indexes ({target.profile})",
        why="at its start Kine finds every name and creates nothing",
        statements=(
            statements.create_table(target, server),
            *(statements.create_index(index, server) for index in target.indexes),
        ),
        locks="nothing: the table is new",
        undo=("DROP TABLE kine",),
        atomic=True,
    )


def _staged_steps(facts: Facts, target: TargetSchema) -> Iterator[Step]:
    server, drop = facts.server, (statements.drop_table(STAGED),)
    yield Step(
        does=f"create the table, as {STAGED}",
        why="it has another name, so that no Kine opens an incomplete table",
        statements=(statements.create_side_table(target, server, STAGED),),
        locks=NO_LOCKS,
        undo=drop,
    )
    if target.plants:
        yield plant_statistics_step(STAGED, server)
    yield Step(
        does=f"build its {len(target.indexes)} indexes ({target.profile})",
        why="at its start Kine finds every name and creates nothing",
        statements=tuple(
            statements.create_index_on(STAGED, replace(index, name=NEW + index.name), server)
            for index in target.indexes
        ),
        locks=NO_LOCKS,
    )
    if facts.table is not None:
        yield _drop_empty_step()
    yield _put_in_place_step(target)


def _drop_empty_step() -> Step:
    """For a moment there is no table kine. A Kine that starts then creates its own, and the next run observes that."""
    return Step(
        does="drop the empty table kine, which has no statistics",
        why="it has no rows, and no other session is connected",
        statements=(statements.drop_if_empty(TABLE),),
        locks="every statement on kine, until the next step",
        kine_may_run=False,
    )


def _put_in_place_step(target: TargetSchema) -> Step:
    sequence = target.sequence
    return Step(
        does=f"rename it to {TABLE}, and give it its sequence and the names of its indexes",
        why="the last step: the table is complete and empty",
        statements=(
            statements.create_sequence(sequence, sequence.name, STAGED),
            statements.set_id_default(sequence.name, STAGED),
            # A Kine that has started in the meantime has created its own table: this statement then fails, and the next
            # run drops the staged one.
            statements.rename_if_empty(STAGED, TABLE),
            statements.rename_constraint(NEW + PRIMARY_KEY.name, target.primary_key.name),
            *(statements.rename_index(NEW + index.name, index.name) for index in target.indexes),
        ),
        locks=NO_LOCKS,
        undo=("DROP TABLE kine",),
    )
