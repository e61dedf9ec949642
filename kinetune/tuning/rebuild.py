"""
An existing store, built anew beside itself: a copy with the target's columns and key, filled, indexed, compared, and
put in the place of kine.

Every step is recognised from facts alone when it has been done, so that whichever was the last to run, the next look
finds the rest. The order of the renames is the one that works on YugabyteDB, where none of them can be taken back by a
rollback (data/yugabytedb/ddl/swap_to_range_50k.json), but for the sequence: the copy draws from it before it is called
kine, so that there is never a table kine without ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kinetune.kine.shape import BEFORE, COPY, NEW, leftover
from kinetune.model.facts import COUNTED_UP_TO, Facts, Relation
from kinetune.model.schema import Order, Sequence
from kinetune.model.script import Hazard, Step
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.servers.statistics import is_due
from kinetune.tuning import copy_statements, copying, statements
from kinetune.tuning.indexes import KINES_NAMES, describe, drop_leftover, same
from kinetune.tuning.planting import planting
from kinetune.tuning.swap import at_once
from kinetune.tuning.target import Target

NOBODY = "nothing: Kine is stopped, and nobody knows the copy"
BESIDE = "the copy is filled while it has no index, and kine is not touched"


@dataclass(frozen=True)
class Rebuild:
    """What the user says of it: build anew though nothing asks for it, never, and without the rows that fill gaps."""

    asked: bool = False
    left: bool = False
    drop_gaps: bool = False


ORDINARY = Rebuild()


def needed(facts: Facts, target: Target, rebuild: Rebuild) -> bool:
    """
    Whether the store cannot become what is wanted where it stands, or a rebuild has been begun.

    Only ids that are sharded otherwise need one, and on YugabyteDB columns of another type: it changes no type once
    the ids are range-sharded (FINDINGS.md, DDL).
    """
    if facts.table is None:
        return COPY in facts.beside
    if rebuild.left:
        return False
    return (
        COPY in facts.beside
        or (rebuild.asked and BEFORE not in facts.beside)
        or cannot_stay(facts.table, target, facts.server)
    )


def cannot_stay(table: Relation, target: Target, server: Server) -> bool:
    return resharded(table, target) or (server.flavour is Flavour.YUGABYTEDB and _other_types(table, target))


def resharded(table: Relation, target: Target) -> bool:
    return hashed(table) != (target.primary_key.keys[0].order is Order.HASH)


def hashed(table: Relation) -> bool:
    return table.primary_key is not None and table.primary_key.index.keys[0].order is Order.HASH


def _other_types(table: Relation, target: Target) -> bool:
    return target.exact_types and any(table.column(column.name) != column for column in target.columns)


def rebuild_steps(facts: Facts, target: Target, rebuild: Rebuild) -> Iterator[Step]:
    """A copy that is ready to take kine's place; nothing where it has taken it already. All carry the hazard."""
    return (hazardous(step) for step in _steps(facts, target, rebuild))


def hazardous(step: Step) -> Step:
    return replace(step, hazard=step.hazard or Hazard.REBUILD, kine_may_run=False)


def _steps(facts: Facts, target: Target, rebuild: Rebuild) -> Iterator[Step]:
    copy, table, server = facts.beside.get(COPY), facts.table, facts.server
    if table is not None:
        for seen in table.indexes:
            if leftover(seen.index.name):
                yield drop_leftover(seen, server)
        if copy is not None and not _fits(copy, target):
            yield dropped("made for another schema than the one wanted now")
            copy = None
        yield from _make(table, copy, target, facts)
        ordered = target.primary_key.keys[0].order is not Order.HASH
        column = table.column("id")
        assert column is not None, "refuse_strangers has seen to it"
        how = copy_statements.Filling(hashed(table), column.type, ordered, rebuild.drop_gaps)
        if target.plants and copy is None:
            yield planting(COPY, server)
        elif target.plants:
            yield _unplanted()
        yield _fill(how, copy, server)
        yield from _index(copy, target, server)
        yield from _draw(table, copy, target, facts)
        if not target.plants or (copy is not None and is_due(copy.rows, COUNTED_UP_TO)):
            yield from _analyse(table, server)
        if not at_once(server):
            yield copying.compare(rebuild.drop_gaps, target)


def dropped(why: str) -> Step:
    return Step(does=f"drop the copy {COPY}", why=why, statements=(statements.drop_table(COPY),), locks=NOBODY, undo=())


def _fits(copy: Relation, target: Target) -> bool:
    key = copy.primary_key and copy.primary_key.index.keys
    return copy.columns == target.columns and key == target.primary_key.keys


def _make(table: Relation, copy: Relation | None, target: Target, facts: Facts) -> Iterator[Step]:
    """Owner and rights are those of kine: its Kine may come as somebody else than we do."""
    made: list[str] = []
    if copy is None:
        made.append(statements.create_beside(target, facts.server, f"{identifier(table.schema)}.{COPY}"))
    owner = copy.owner if copy else facts.role.name
    if table.owner is not None and owner != table.owner:
        made.append(statements.give_to(table.owner, COPY))
    missing = [grant for grant in table.grants if copy is None or grant not in copy.grants]
    made += [statements.grant(grant.privilege, COPY, grant.role) for grant in missing]
    if made:
        others = [seen.index.name for seen in table.indexes if seen.index.name not in _kines(target)]
        yield Step(
            does=f"create the table {COPY}, " + _words(target),
            why=BESIDE + (f"; it will not have your own indexes {', '.join(others)}" if others else ""),
            statements=tuple(made),
            locks=NOBODY,
            undo=() if copy else (statements.drop_table(COPY),),
        )


def _kines(target: Target) -> frozenset[str]:
    return KINES_NAMES | {index.name for index in target.indexes}


def _words(target: Target) -> str:
    order = target.primary_key.keys[0].order
    return "its ids sharded by hash" if order is Order.HASH else "its ids in one order"


def _unplanted() -> Step:
    return Step(
        does=f"delete what was planted in {COPY} and not yet deleted",
        why="a run that was interrupted may have left it; it has ids below 1",
        statements=(f"DELETE FROM {COPY} WHERE id < 1",),  # noqa: S608 - a constant
        locks=NOBODY,
    )


def _fill(how: copy_statements.Filling, copy: Relation | None, server: Server) -> Step:
    return Step(
        does=f"copy the rows in the order of their ids, {copying.BATCH:,} ids at a time"
        + (", without those that only fill gaps" if how.drop_gaps else ""),
        why="goes on behind the newest id of the copy" if copy else "each batch is kept: a later run goes on behind it",
        statements=(copy_statements.fill_copy(how, server),),
        locks=NOBODY,
        unfolds=True,
    )


def _index(copy: Relation | None, target: Target, server: Server) -> Iterator[Step]:
    """Nobody uses the copy: a plain build is the quickest, and on YugabyteDB the safest (TA-24313)."""
    for wanted in target.indexes:
        name = NEW + wanted.name
        seen = copy.index(name) if copy else None
        if seen and seen.valid and same(replace(seen.index, name=wanted.name), wanted):
            continue
        remains = (statements.drop_index(name, server),) if seen else ()
        yield Step(
            does=f"build {describe(wanted)} on the copy",
            why=target.reasons.get(wanted.name, ""),
            statements=(*remains, copy_statements.index_copy(wanted, server, name)),
            locks=NOBODY,
            undo=(statements.drop_index(name, server),),
        )


def _draw(table: Relation, copy: Relation | None, target: Target, facts: Facts) -> Iterator[Step]:
    """
    The copy draws its ids from the sequence of kine, or from a new one where that has another name and the server
    renames no sequence (YugabyteDB: 0A000, data/yugabytedb/ddl/sequence_alter_flag1.json).
    """
    former, wanted = table.sequence, target.sequence
    assert former is not None, "refuse_strangers has seen to it"
    sequence = former.name if facts.server.can("rename_sequence") else wanted.name
    draws = bool(copy and copy.sequence and copy.sequence.name == sequence)
    texts = () if draws else (statements.draw_from(identifier(sequence), COPY),)
    if sequence != former.name:  # raised also where the copy draws already: Kine may have run since
        made = () if draws else tuple(_new_sequence(table, wanted, facts))
        texts = (*made, statements.raise_above(wanted.name, former.name), *texts)
    if texts:
        replaces = f", which replaces {former.name}" if sequence != former.name else ""
        yield Step(
            does=f"let the copy draw its ids from {sequence}{replaces}",
            why="ids go on where they are: Kine reads them as revisions",
            statements=texts,
            locks=NOBODY,
        )


def _new_sequence(table: Relation, wanted: Sequence, facts: Facts) -> Iterator[str]:
    """
    Kine's own by name and owner; where that is another role than ours, the copy takes it over in the exchange. Who may
    insert into kine may draw from it: the rights on the former sequence are not among the facts.
    """
    schema = identifier(table.schema)
    name = f"{schema}.{identifier(wanted.name)}"
    foreign = table.owner is not None and table.owner != facts.role.name
    yield statements.create_sequence(wanted, name, "" if foreign else f"{schema}.{COPY}", again=True)
    if foreign and table.owner:
        yield statements.give_to(table.owner, name)
    for grant in table.grants:
        if grant.privilege == "INSERT":
            yield statements.grant("USAGE", f"SEQUENCE {name}", grant.role)


def _analyse(table: Relation, server: Server) -> Iterator[Step]:
    """As the store is: statistics choose other plans on YugabyteDB, where most stores have none (measured.md §3)."""
    if server.flavour is Flavour.YUGABYTEDB and not table.rows:
        return
    analyse = "ANALYZE" if server.flavour is Flavour.YUGABYTEDB else "VACUUM (ANALYZE)"
    yield Step(
        does="count the copy for the planner",
        why="without statistics lists may read the whole table",
        statements=(f"{analyse} {COPY}",),
        locks=NOBODY,
    )
