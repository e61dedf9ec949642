"""
The difference between facts and a target schema, as a script of steps. It is empty if the store has the target schema.

Every step can be the last one that runs: the facts afterwards show which steps remain. So an interrupted run is
continued by observing the store and planning again, and no state is stored anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from kinetune.kine.table_shape import COPY, STAGED
from kinetune.model.facts import Column, Facts, Relation, Role
from kinetune.model.script import Hazard, Script, Step
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.servers.yugabytedb import has_lasting_default, needs_analyze
from kinetune.tuning import statements
from kinetune.tuning.copying import atomic_swap_step, detach_sequence, facts_after_swap, swap_step, swaps_atomically
from kinetune.tuning.indexes import index_steps, primary_key_steps
from kinetune.tuning.rebuild import (
    DEFAULT_OPTIONS,
    RebuildOptions,
    drop_copy_step,
    is_rebuild_needed,
    rebuild_steps,
    requires_rebuild,
    with_rebuild_hazard,
)
from kinetune.tuning.refusals import (
    refuse_inconsistent_rebuild,
    refuse_lossy_rebuild,
    refuse_other_schema,
    refuse_untunable,
)
from kinetune.tuning.sequence import sequence_steps
from kinetune.tuning.staging import discard_step, lacks_statistics, new_table_steps
from kinetune.tuning.target import PROFILE_SETTINGS, TargetSchema

DEFAULT_DATABASE = "kubernetes"
"""The database that Kine uses if the endpoint names none (pgsql.go, prepareConfig)."""


def plan_changes(facts: Facts, target: TargetSchema, rebuild: RebuildOptions = DEFAULT_OPTIONS) -> Script:
    """
    The steps from the observed store to the target.

    Raises Refused if the relation kine is not Kine's table, or if it must be rebuilt and cannot.
    """
    # Before any step is planned: a plan for a table that is not Kine's must not even be shown.
    refuse_untunable(facts)
    refuse_other_schema(facts)
    refuse_inconsistent_rebuild(facts)
    steps = tuple(_plan_steps(facts, target, rebuild))
    return Script(target.profile, steps, tuple(target.reasons.items()))


def plan_empty_database(server: Server, target: TargetSchema) -> Script:
    """The script for an empty database on such a server, without a connection."""
    administrator = Role("", superuser=True, create_database=True, owns_table=True, may_create=True)
    facts = Facts(datetime.now(UTC), server, DEFAULT_DATABASE, database_exists=True, role=administrator, table=None)
    return plan_changes(facts, target)


def _plan_steps(facts: Facts, target: TargetSchema, rebuild: RebuildOptions) -> Iterator[Step]:
    if not facts.database_exists:
        yield create_database_step(facts.database)
    settings = tuple(setting_steps(facts, target))
    yield from settings  # first, so that every session of a Kine on the new table has them
    # A staged table of an interrupted run has no rows of Kine, so it is dropped and created again.
    if STAGED in facts.beside:
        yield discard_step()
    if COPY not in facts.beside and (facts.table is None or lacks_statistics(facts, target)):
        yield from new_table_steps(facts, target)
    # A started rebuild is finished even if the target no longer requires one, because a copy that is not used would
    # remain.
    elif is_rebuild_needed(facts, target, rebuild):
        refuse_lossy_rebuild(facts)
        yield from rebuild_steps(facts, target, rebuild)
        yield from _exchange_steps(facts, target, rebuild)
    elif facts.table is not None:
        yield from _table_steps(facts, facts.table, target, rebuild)
    if settings:
        yield Step(
            does="record the time of these settings in the comment of the table kine",
            why="kinetune check then finds sessions that are older and still have the former values",
            statements=(statements.note_settings(),),
            locks="nothing",
        )


def create_database_step(name: str) -> Step:
    return Step(
        does=f"create the database {name}",
        why="Kine releases before v0.11.0 cannot create a missing database",
        statements=(statements.create_database(name),),
        locks="nothing",
        undo=(statements.drop_database(name),),
        in_database=False,
        subject=identifier(name),
    )


def _table_steps(facts: Facts, table: Relation, target: TargetSchema, rebuild: RebuildOptions) -> Iterator[Step]:
    if COPY in facts.beside:
        yield drop_copy_step("the rebuild that was started is skipped")
    if rebuild.skipped and requires_rebuild(table, target, facts.server):
        # Only the sequence: the later rebuild will replace the table with its indexes.
        yield from sequence_steps(table, target, facts)
        return
    yield from column_steps(table, target, facts.server)
    yield from primary_key_steps(table, target)
    yield from sequence_steps(table, target, facts)
    yield from index_steps(table, target, facts.server)
    yield from detach_sequence(facts, table)
    yield from statistics_steps(table, facts.server)


def _exchange_steps(facts: Facts, target: TargetSchema, rebuild: RebuildOptions) -> Iterator[Step]:
    """
    The renames that put the copy in place, and the steps after them. When the copy is called kine, the rest is an
    ordinary difference of the facts as they will be then, planned while Kine is stopped.
    """
    after = facts_after_swap(facts, target)
    assert after.table is not None
    rest = (replace(step, subject="") for step in _table_steps(after, after.table, target, DEFAULT_OPTIONS))
    steps = tuple(with_rebuild_hazard(step) for step in (swap_step(facts, target), *rest))
    # Without facts.table an earlier run, on a server without such a transaction, has already begun the renames.
    if swaps_atomically(facts.server) and facts.table is not None:
        yield atomic_swap_step(steps, target, rebuild.skip_gap_rows)
    else:
        yield from steps


def setting_steps(facts: Facts, target: TargetSchema) -> Iterator[Step]:
    """
    Set the target's settings, and reset those that another profile of kinetune has set.

    A setting that this server does not have is skipped: YugabyteDB adds and removes planner settings by release.
    """
    for name, value in target.settings.items():
        # ALTER DATABASE … RESET as undo would lose a value that the user had set before.
        before = facts.database_settings.get(name)
        if before == value or is_in_force(facts, name, value):
            continue
        undo = statements.reset_setting(facts.database, name)
        yield Step(
            does=f"set {name} = {value} for every new session of {facts.database}",
            why=target.reasons.get(name, "the planner needs it"),
            statements=(statements.set_setting(facts.database, name, value),),
            locks="nothing; open connections of Kine keep the old value until Kine is restarted",
            undo=(statements.set_setting(facts.database, name, before) if before else undo,),
        )
    for name, value in PROFILE_SETTINGS:
        if facts.database_settings.get(name) == value and name not in target.settings:
            yield Step(
                does=f"reset {name} for new sessions of {facts.database}",
                why=f"the profile {target.profile} does not set it",
                statements=(statements.reset_setting(facts.database, name),),
                locks="nothing",
                undo=(statements.set_setting(facts.database, name, value),),
            )


def is_in_force(facts: Facts, name: str, value: str) -> bool:
    """Whether no statement is needed: the server does not have the setting, or this value is its lasting default."""
    # Facts of a file or of an empty database have no settings; the statement is then always planned.
    if not (name.startswith("yb_") and facts.settings):
        return False
    # A default may change with an upgrade of YugabyteDB, so it is set explicitly unless it is known to last.
    is_default = name not in facts.database_settings and facts.settings.get(name) == value
    return name not in facts.settings or (is_default and has_lasting_default(facts.server.release, name))


ANALYZE_KINE = "ANALYZE kine"
"""
A column loses its statistics when its type changes, and autovacuum does not notice: without them a list may read the
whole table.
"""


def column_steps(table: Relation, target: TargetSchema, server: Server) -> Iterator[Step]:
    """
    One statement for all columns, so that the table is rewritten once. Kine must be stopped: its cached plans would
    fail with 0A000 (docs/facts/kine.md §0.6).

    Not on YugabyteDB, which cannot change the type of a column of a range-sharded table: it is rebuilt (rebuild.py).
    """
    wrong = tuple(column for column in target.columns if target.exact_types and table.column(column.name) != column)
    if not wrong or server.flavour is Flavour.YUGABYTEDB:
        return
    # The former types, for the undo.
    before = tuple(column for name in wrong if (column := table.column(name.name)) is not None)
    yield Step(
        does=f"change {', '.join(f'{column.name} to {_column_type(column)}' for column in wrong)}",
        why=_column_reason(wrong),
        statements=(statements.change_types(wrong), ANALYZE_KINE),
        locks="every read and write of kine, while the table and its indexes are rewritten",
        undo=(statements.change_types(before), ANALYZE_KINE),
        kine_may_run=False,
        hazard=Hazard.COLUMN_TYPES,
    )


def _column_type(column: Column) -> str:
    return f'{column.type} COLLATE "{column.collation}"' if column.collation else column.type


def _column_reason(columns: tuple[Column, ...]) -> str:
    reasons = {
        "bigint": "INTEGER ids end at 2,147,483,647; after that every write fails",
        "text": 'ranges of keys can use an index only with the collation "C", and VARCHAR(630) rejects long keys',
    }
    return "; ".join(dict.fromkeys(reasons.get(column.type, "the type of current Kine releases") for column in columns))


STATISTICS_SUBJECT = "statistics"
STATISTICS_REASON = (
    "without statistics the planner reads the whole table to find one name in each create and update, and a list may "
    "take 414 storage requests instead of 26"
)


def statistics_steps(table: Relation, server: Server) -> Iterator[Step]:
    """
    ANALYZE on YugabyteDB, once the store has enough rows. PostgreSQL's autovacuum does it by itself.

    Without statistics of the column name (ALTER COLUMN name SET STATISTICS 0) lists would be faster still. But that
    statement changes the version of the table while Kine runs: 2 of 170 creates of v0.17.5 were acknowledged and lost
    (docs/facts/measured.md §11).
    """
    if server.flavour is Flavour.YUGABYTEDB and needs_analyze(table.rows, table.counted):
        yield Step(
            does="analyse the table kine",
            why=STATISTICS_REASON,
            statements=("ANALYZE kine",),
            locks="nothing",
            undo=("ANALYZE kine",),
            subject=STATISTICS_SUBJECT,
        )
