"""Facts and a target, subtracted: the script that leads from one to the other. Empty when nothing is to be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from kinetune.kine.shape import COPY, STAGED
from kinetune.model.facts import Facts, Relation, Role
from kinetune.model.script import Script, Step
from kinetune.model.server import Server
from kinetune.quoting import identifier
from kinetune.servers.yugabytedb import has_lasting_default
from kinetune.tuning import statements
from kinetune.tuning.columns import column_steps
from kinetune.tuning.indexes import index_steps, key_steps
from kinetune.tuning.rebuild import ORDINARY, Rebuild, cannot_stay, dropped, hazardous, needed, rebuild_steps
from kinetune.tuning.refuse import refuse_halfway, refuse_odd, refuse_overlooked, refuse_rebuild
from kinetune.tuning.sequence import sequence_steps
from kinetune.tuning.staging import discard, is_unplanted, new_table_steps
from kinetune.tuning.statistics import statistics_steps
from kinetune.tuning.swap import at_once, letting_go, swap, swapped, together
from kinetune.tuning.target import OURS, Target

KUBERNETES = "kubernetes"
"""The database Kine takes where the endpoint names none (pgsql.go, prepareConfig)."""


def difference(facts: Facts, target: Target, rebuild: Rebuild = ORDINARY) -> Script:
    """
    The steps from what was seen to what is wanted.

    Each step stands alone: whichever was the last to run, a new look and a new difference finish the work. Raises
    Refused where the relation called kine is not Kine's table, or cannot be built anew.
    """
    refuse_odd(facts)
    refuse_overlooked(facts)
    refuse_halfway(facts)
    steps = tuple(_steps(facts, target, rebuild))
    return Script(target.profile, steps, tuple(target.reasons.items()))


def for_empty(server: Server, target: Target) -> Script:
    """The script for an empty database on a server of that kind; no connection is needed."""
    nobody = Role("", superuser=True, create_database=True, owns_table=True, may_create=True)
    facts = Facts(datetime.now(UTC), server, KUBERNETES, database_exists=True, role=nobody, table=None)
    return difference(facts, target)


def _steps(facts: Facts, target: Target, rebuild: Rebuild) -> Iterator[Step]:
    if not facts.database_exists:
        yield create_database(facts.database)
    settings = tuple(setting_steps(facts, target))
    yield from settings  # first: no Kine opens a new table without them
    if STAGED in facts.beside:
        yield discard()
    if COPY not in facts.beside and (facts.table is None or is_unplanted(facts, target)):
        yield from new_table_steps(facts, target)
    elif needed(facts, target, rebuild):
        refuse_rebuild(facts)
        yield from rebuild_steps(facts, target, rebuild)
        yield from _exchange(facts, target, rebuild)
    elif facts.table is not None:
        yield from _changed_table(facts, facts.table, target, rebuild)
    if settings:
        yield Step(
            does="note the time of these settings on kine",
            why="kinetune check then knows which sessions are older, and keep the former values",
            statements=(statements.note_settings(),),
            locks="nothing",
        )


def create_database(name: str) -> Step:
    return Step(
        does=f"create the database {name}",
        why="Kine releases before v0.11.0 cannot create a missing database",
        statements=(statements.create_database(name),),
        locks="nothing",
        undo=(statements.drop_database(name),),
        in_database=False,
        subject=identifier(name),
    )


def _changed_table(facts: Facts, table: Relation, target: Target, rebuild: Rebuild) -> Iterator[Step]:
    if COPY in facts.beside:
        yield dropped("the rebuild that was begun is left out")
    if rebuild.left and cannot_stay(table, target, facts.server):
        yield from sequence_steps(table, target, facts)  # indexes of a table that is to go are not worth it
        return
    yield from column_steps(table, target, facts.server)
    yield from key_steps(table, target)
    yield from sequence_steps(table, target, facts)
    yield from index_steps(table, target, facts.server)
    yield from letting_go(facts, table)
    yield from statistics_steps(table, facts.server)


def _exchange(facts: Facts, target: Target, rebuild: Rebuild) -> Iterator[Step]:
    """What is left when the copy has become kine is no more than an ordinary difference, while Kine is stopped."""
    after = swapped(facts, target)
    assert after.table is not None
    rest = (replace(step, subject="") for step in _changed_table(after, after.table, target, ORDINARY))
    steps = tuple(hazardous(step) for step in (swap(facts, target), *rest))
    if at_once(facts.server) and facts.table is not None:
        yield together(steps, target, rebuild.drop_gaps)
    else:
        yield from steps


def setting_steps(facts: Facts, target: Target) -> Iterator[Step]:
    """
    Settings that the target wants, and those that another profile of ours left behind.

    A setting that this server does not have is left out: planner settings of YugabyteDB come and go by release.
    """
    for name, value in target.settings.items():
        before = facts.database_settings.get(name)
        if before == value or _is_given(facts, name, value):
            continue
        undo = statements.reset_setting(facts.database, name)
        yield Step(
            does=f"set {name} = {value} for every new session of {facts.database}",
            why=target.reasons.get(name, "the planner needs it"),
            statements=(statements.set_setting(facts.database, name, value),),
            locks="nothing; Kine's open connections keep the old value until it is restarted",
            undo=(statements.set_setting(facts.database, name, before) if before else undo,),
        )
    for name, value in OURS:
        if facts.database_settings.get(name) == value and name not in target.settings:
            yield Step(
                does=f"reset {name} for new sessions of {facts.database}",
                why=f"the profile {target.profile} does not set it",
                statements=(statements.reset_setting(facts.database, name),),
                locks="nothing",
                undo=(statements.set_setting(facts.database, name, value),),
            )


def _is_given(facts: Facts, name: str, value: str) -> bool:
    """Whether the server does not have the setting, or has it so by a default that stays."""
    if not (name.startswith("yb_") and facts.settings):
        return False
    is_default = name not in facts.database_settings and facts.settings.get(name) == value
    return name not in facts.settings or (is_default and has_lasting_default(facts.server.release, name))
