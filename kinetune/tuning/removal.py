"""What a store holds, as the script that removes it, and what speaks against running it."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import TABLE
from kinetune.model.facts import Relation
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.holdings import Holdings, Leftover
from kinetune.model.script import Hazard, Script, Step
from kinetune.model.server import Flavour
from kinetune.quoting import identifier
from kinetune.tuning import statements
from kinetune.tuning.may import not_the_owner
from kinetune.tuning.refuse import refuse_strangers
from kinetune.tuning.target import OURS

RECENT_SECONDS = 60
GONE = "Kine's and kinetune's alone: nothing else in the database is touched"
OURS_LEFT = "kinetune made it and needs it no longer"
KEPT = ("postgres", "yugabyte", "template0", "template1", "system_platform")
"""Databases that tools and CREATE DATABASE expect to be there."""
FORCE_SINCE = 13
"""DROP DATABASE … WITH (FORCE): PostgreSQL 13."""


def removal(seen: Holdings, *, guarded: bool = True) -> Script:
    """
    The steps that take away Kine's table, what goes with it, kinetune's leftovers and its database settings.

    Where DDL is transactional the table goes whole or not at all, and not if its newest revision is another one than
    was seen (`guarded`). On YugabyteDB each statement stands alone, one object each, the table last but its leftovers:
    whichever was the last to run, the next look finds the rest. Raises Refused for what is not Kine's.
    """
    refuse_strangers(seen.facts)
    return Script("drop", tuple(_steps(seen, guarded)))


def whole(seen: Holdings, *, force: bool) -> Script:
    """
    The database itself, with all there is in it; `force` ends the sessions that were allowed by name.

    Raises Refused for a relation kine that is not Kine's, and for the databases that others are created from.
    """
    facts = seen.facts
    refuse_strangers(facts)
    if facts.database in KEPT:
        raise Refused(
            f"{facts.database} is the server's own database", "leave --database out: drop only what is Kine's"
        )
    if not facts.database_exists:
        return Script("drop", ())
    can = force and facts.server.flavour is Flavour.POSTGRESQL and facts.server.base >= FORCE_SINCE
    step = Step(
        does=f"drop the database {facts.database}",
        why="all that is in it goes with it",
        statements=(statements.drop_database(facts.database, force=can),),
        locks="everything in it; it fails while other sessions are connected" if not can else "everything in it",
        in_database=False,
        kine_may_run=False,
    )
    return Script("drop", (step,))


def hazards(seen: Holdings, *, database: bool) -> Iterator[tuple[Hazard, str]]:
    """What speaks against it, each with what was seen."""
    users = [user for user in seen.users if database or (user.why and seen.facts.table)]
    if users:
        first = users[0]
        who = first.application or f"server process {first.pid}"
        why = first.why or "is connected to the database that is to go"
        more = f", and {len(users) - 1} more" if len(users) > 1 else ""
        yield Hazard.KINE_RUNS, f"Kine may be running: the session {who} {why}{more}"
    watched = seen.watched
    if watched and watched.wrote:
        yield Hazard.RECENT_WRITES, f"the store is written to: {watched.wrote} within {watched.seconds:.1f} s"
    elif watched and watched.age is not None and watched.age < RECENT_SECONDS:
        yield Hazard.RECENT_WRITES, f"the newest revision was written {watched.age:.0f} s ago"
    if database and seen.others:
        named = ", ".join(seen.others[:3])
        more = f" and {len(seen.others) - 3} more" if len(seen.others) > 3 else ""
        yield Hazard.OTHER_RELATIONS, f"the database holds what is not Kine's: {named}{more}"


def refuse_needed(seen: Holdings) -> None:
    """Raise Refused where something else in the database needs the table: it would have to go first."""
    if seen.dependants:
        needs = ", ".join(seen.dependants[:3])
        more = f" and {len(seen.dependants) - 3} more" if len(seen.dependants) > 3 else ""
        raise Refused(f"nothing was changed: {needs}{more} depend on the table kine", "drop or move that away first")


def refuse_powerless(seen: Holdings, script: Script) -> None:
    """Raise CouldNotLook naming who may, or what would let us, before anything is begun."""
    facts, role = seen.facts, identifier(seen.facts.role.name)
    if not script or facts.role.superuser:
        return
    if missing := next(_missing(seen, script, role), None):
        raise CouldNotLook(f"role {facts.role.name} {missing[0]}", f"ask the administrator for: {missing[1]}")


def _missing(seen: Holdings, script: Script, role: str) -> Iterator[tuple[str, str]]:
    facts = seen.facts
    texts = [text for step in script.steps for text in step.statements]
    ours = [text for text in texts if text.startswith(("ALTER DATABASE", "DROP DATABASE"))]
    if ours and not facts.role.owns_database:
        yield f"does not own the database {facts.database}", "; ".join(ours)
    if len(ours) == len(texts):
        return
    if facts.table is not None and not facts.role.owns_table:
        yield not_the_owner(facts.table, role)
    for left in seen.leftovers:
        if not left.owned:
            name = (
                identifier(left.name) if left.kind == "schema" else f"{identifier(left.schema)}.{identifier(left.name)}"
            )
            yield f"does not own the {left.kind} {name}", f"ALTER {left.kind.upper()} {name} OWNER TO {role}"


def _steps(seen: Holdings, guarded: bool) -> Iterator[Step]:
    facts = seen.facts
    if facts.table is not None:
        alone = facts.server.flavour is Flavour.YUGABYTEDB
        yield from _one_by_one(facts.table) if alone else (_at_once(facts.table, guarded),)
    for left in seen.leftovers:
        yield _leftover(left)
    for name, value in OURS:
        if facts.database_settings.get(name) == value:
            yield Step(
                does=f"reset {name} for new sessions of {facts.database}",
                why="kinetune init set it for Kine's queries",
                statements=(statements.reset_setting(facts.database, name),),
                locks="nothing",
                undo=(statements.set_setting(facts.database, name, value),),
            )


def _at_once(table: Relation, guarded: bool) -> Step:
    """A sequence that the table does not own (the seed fork's) goes in the same transaction."""
    address, sequence = _address(table), table.sequence
    guards = (statements.guard(address, table.max_id),) if guarded else ()
    apart = sequence is not None and sequence.owned_by is None
    return Step(
        does=f"drop the table {address} with its {len(table.indexes) + 1} indexes and its sequence",
        why=GONE,
        statements=(
            statements.keep_out(address),
            *guards,
            statements.drop("table", table.schema, TABLE),
            *((statements.drop("sequence", table.schema, sequence.name),) if sequence and apart else ()),
        ),
        locks="everything that reads or writes kine",
        kine_may_run=False,
        atomic=True,
    )


def _one_by_one(table: Relation) -> Iterator[Step]:
    """A sequence that belongs to nobody is given to the table first: without it no later look would find the way."""
    address, sequence = _address(table), table.sequence
    wait = "every read and write of kine"
    if sequence is not None and sequence.owned_by is None:
        given = statements.own((table.schema, sequence.name), address)
        yield Step(f"let the sequence {sequence.name} go with the table", GONE, (given,), wait, kine_may_run=False)
    for seen in table.indexes:
        gone = statements.drop("index", table.schema, seen.index.name)
        yield Step(f"drop the index {seen.index.name}", GONE, (gone,), wait, kine_may_run=False)
    gone = statements.drop("table", table.schema, TABLE)
    yield Step(f"drop the table {address} with its sequence", GONE, (gone,), wait, kine_may_run=False)


def _leftover(left: Leftover) -> Step:
    name = (left.name,) if left.kind == "schema" else (left.schema, left.name)
    return Step(
        does=f"drop the {left.kind} {'.'.join(map(identifier, name))}",
        why=OURS_LEFT,
        statements=(statements.drop(left.kind, *name),),
        locks="nothing of Kine's",
    )


def _address(table: Relation) -> str:
    return f"{identifier(table.schema)}.{TABLE}"
