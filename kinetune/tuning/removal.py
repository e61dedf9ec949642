"""The script that removes a store, and the hazards of running it."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import TABLE
from kinetune.kine.table_shape import refuse_foreign_table
from kinetune.model.facts import Relation
from kinetune.model.failure import Refused
from kinetune.model.holdings import Holdings, Leftover
from kinetune.model.script import Hazard, Script, Step
from kinetune.model.server import Flavour
from kinetune.quoting import identifier
from kinetune.tuning import statements
from kinetune.tuning.target import PROFILE_SETTINGS

RECENT_SECONDS = 60
REMOVAL_REASON = "it belongs to Kine; nothing else in the database is changed"
LEFTOVER_REASON = "kinetune created it and no longer needs it"
SERVER_DATABASES = ("postgres", "yugabyte", "template0", "template1", "system_platform")
"""Databases that client programs and CREATE DATABASE expect to exist."""
FORCE_SINCE = 13
"""The PostgreSQL release that introduced DROP DATABASE … WITH (FORCE)."""


def plan_removal(holdings: Holdings, *, guarded: bool = True) -> Script:
    """
    The steps that drop Kine's table with its indexes and sequence, leftovers of kinetune, and its database settings.

    Where DDL is transactional, the table is dropped in one transaction, which fails if the newest revision has changed
    since it was observed (`guarded`). On YugabyteDB each statement drops one object: indexes first, then the table,
    then leftovers, so that the next run still finds the rest after an interruption. Raises Refused for a foreign table.
    """
    refuse_foreign_table(holdings.facts)
    return Script("drop", tuple(_removal_steps(holdings, guarded)))


def plan_database_drop(holdings: Holdings, *, force: bool) -> Script:
    """
    The step that drops the whole database. `force` ends its other sessions, where the server supports that.

    Raises Refused for a foreign table kine, and for the databases of the server itself.
    """
    facts = holdings.facts
    refuse_foreign_table(facts)
    if facts.database in SERVER_DATABASES:
        raise Refused(
            f"{facts.database} is a database of the server itself", "omit --database to drop only Kine's objects"
        )
    if not facts.database_exists:
        return Script("drop", ())
    # On other servers DROP DATABASE fails while other sessions are connected.
    can = force and facts.server.flavour is Flavour.POSTGRESQL and facts.server.base >= FORCE_SINCE
    step = Step(
        does=f"drop the database {facts.database}",
        why="all objects in it are dropped too",
        statements=(statements.drop_database(facts.database, force=can),),
        locks="everything in it; fails while other sessions are connected" if not can else "everything in it",
        in_database=False,
        kine_may_run=False,
    )
    return Script("drop", (step,))


def find_drop_hazards(holdings: Holdings, *, database: bool) -> Iterator[tuple[Hazard, str]]:
    """Hazards of the removal, each with the observation behind it."""
    # Any session keeps DROP DATABASE from working; for the table only sessions that use the store matter.
    users = [user for user in holdings.users if database or (user.why and holdings.facts.table)]
    if users:
        first = users[0]
        who = first.application or f"server process {first.pid}"
        why = first.why or "is connected to the database"
        more = f", and {len(users) - 1} more" if len(users) > 1 else ""
        yield Hazard.KINE_RUNS, f"Kine may be running: the session {who} {why}{more}"
    watched = holdings.watched
    if watched and watched.wrote:
        yield Hazard.RECENT_WRITES, f"the store is being written to: {watched.wrote} within {watched.seconds:.1f} s"
    # No write was observed, but a control plane that has just been stopped may be about to start again.
    elif watched and watched.age is not None and watched.age < RECENT_SECONDS:
        yield Hazard.RECENT_WRITES, f"the newest revision was written {watched.age:.0f} s ago"
    if database and holdings.others:
        named = ", ".join(holdings.others[:3])
        more = f" and {len(holdings.others) - 3} more" if len(holdings.others) > 3 else ""
        yield Hazard.OTHER_RELATIONS, f"the database contains relations that are not Kine's: {named}{more}"


def refuse_dependants(holdings: Holdings) -> None:
    """Raise Refused if other objects depend on the table: DROP TABLE without CASCADE would fail."""
    if holdings.dependants:
        needs = ", ".join(holdings.dependants[:3])
        more = f" and {len(holdings.dependants) - 3} more" if len(holdings.dependants) > 3 else ""
        raise Refused(f"nothing was changed: {needs}{more} depend on the table kine", "drop these objects first")


def _removal_steps(holdings: Holdings, guarded: bool) -> Iterator[Step]:
    facts = holdings.facts
    if facts.table is not None:
        alone = facts.server.flavour is Flavour.YUGABYTEDB
        yield from _drop_one_by_one(facts.table) if alone else (_drop_atomically(facts.table, guarded),)
    for left in holdings.leftovers:
        yield _drop_leftover_step(left)
    for name, value in PROFILE_SETTINGS:
        if facts.database_settings.get(name) == value:
            yield Step(
                does=f"reset {name} for new sessions of {facts.database}",
                why="kinetune init set it for Kine's queries",
                statements=(statements.reset_setting(facts.database, name),),
                locks="nothing",
                undo=(statements.set_setting(facts.database, name, value),),
            )


def _drop_atomically(table: Relation, guarded: bool) -> Step:
    """One transaction. A sequence that the table does not own (as in the kine-yugabytedb fork) is dropped in it too."""
    address, sequence = _table_address(table), table.sequence
    # The guard runs under the lock: no write can follow it before the table is dropped.
    guards = (statements.require_newest(address, table.max_id),) if guarded else ()
    apart = sequence is not None and sequence.owned_by is None
    return Step(
        does=f"drop the table {address} with its {len(table.indexes) + 1} indexes and its sequence",
        why=REMOVAL_REASON,
        statements=(
            statements.lock_table(address),
            *guards,
            statements.drop_object("table", table.schema, TABLE),
            *((statements.drop_object("sequence", table.schema, sequence.name),) if sequence and apart else ()),
        ),
        locks="everything that reads or writes kine",
        kine_may_run=False,
        atomic=True,
    )


def _drop_one_by_one(table: Relation) -> Iterator[Step]:
    """
    One object per step. A sequence without an owner is given to the table first and dropped with it: after the table is
    gone, no catalog would show that the sequence was Kine's.
    """
    address, sequence = _table_address(table), table.sequence
    wait = "every read and write of kine"
    if sequence is not None and sequence.owned_by is None:
        given = statements.own_sequence(f"{identifier(table.schema)}.{identifier(sequence.name)}", address)
        yield Step(
            f"make the table own the sequence {sequence.name}", REMOVAL_REASON, (given,), wait, kine_may_run=False
        )
    for observed in table.indexes:
        gone = statements.drop_object("index", table.schema, observed.index.name)
        yield Step(f"drop the index {observed.index.name}", REMOVAL_REASON, (gone,), wait, kine_may_run=False)
    gone = statements.drop_object("table", table.schema, TABLE)
    yield Step(f"drop the table {address} with its sequence", REMOVAL_REASON, (gone,), wait, kine_may_run=False)


def _drop_leftover_step(left: Leftover) -> Step:
    name = (left.name,) if left.kind == "schema" else (left.schema, left.name)
    return Step(
        does=f"drop the {left.kind} {'.'.join(map(identifier, name))}",
        why=LEFTOVER_REASON,
        statements=(statements.drop_object(left.kind, *name),),
        locks="nothing of Kine's",
    )


def _table_address(table: Relation) -> str:
    return f"{identifier(table.schema)}.{TABLE}"
