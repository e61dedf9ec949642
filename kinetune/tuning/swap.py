"""The exchange of the two tables by renames, what it leaves behind, and the end of what it put aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.kine.schema import PRIMARY_KEY, TABLE
from kinetune.kine.shape import BEFORE, COPY, NEW
from kinetune.model.facts import Facts, Relation, SeenIndex
from kinetune.model.failure import Refused
from kinetune.model.schema import Sequence
from kinetune.model.script import Script, Step
from kinetune.model.server import Server
from kinetune.quoting import identifier
from kinetune.tuning import copy_statements, statements
from kinetune.tuning.indexes import KINES_NAMES
from kinetune.tuning.target import Target

MOMENT = "everything that asks for kine, for a moment in which it is not there"


def aside(name: str) -> str:
    """What an index of kine is called when it is put aside with its table."""
    return f"{BEFORE}_{name}"


def swap(facts: Facts, target: Target) -> Step:
    """
    kine becomes kine_before_init, its names are set free, the copy becomes kine.

    Each rename stands alone: whichever was the last, the relations beside kine tell which are left.
    """
    former = facts.table or facts.beside[BEFORE]
    renames = [(*pair, statements.rename_table(*pair)) for pair in [(TABLE, BEFORE)] if facts.table is not None]
    renames += _freed(former, target)
    renames.append((COPY, TABLE, statements.rename_table(COPY, TABLE)))
    texts = [statement for *_, statement in renames]
    if not at_once(facts.server):
        texts.insert(0 if facts.table is None else 1, copy_statements.unwritten(BEFORE, COPY))
    return Step(
        does=f"put kine aside as {BEFORE} and the copy in its place",
        why=f"the former table stays until kinetune init --finish drops {BEFORE}",
        statements=tuple(texts),
        locks=MOMENT,
        undo=tuple(_back(renames)),
    )


def at_once(server: Server) -> bool:
    """Whether the exchange can be one transaction that nobody writes beside; YugabyteDB locks no table against it."""
    return server.can("transactional_ddl") and server.can("lock_table")


def together(steps: tuple[Step, ...], target: Target, drop_gaps: bool) -> Step:
    """The whole exchange in one transaction, compared behind a lock that keeps every writer out."""
    proof = statements.lock_out(), copy_statements.compare_copy(drop_gaps, target)
    return replace(
        steps[0],
        does=f"compare the copy with kine, put kine aside as {BEFORE} and the copy in its place, with all its names",
        statements=(*proof, *(statement for step in steps for statement in step.statements)),
        locks="everything that asks for kine, while it is compared",
        undo=tuple(statement for step in reversed(steps) for statement in step.undo),
        atomic=True,
    )


def _freed(former: Relation, target: Target) -> list[tuple[str, str, str]]:
    """(old name, new name, statement) for the key and each index of the former table that has a name of Kine's."""
    renames = []
    key = former.primary_key
    if key and key.constraint == PRIMARY_KEY.name:
        new = aside(PRIMARY_KEY.name)
        renames.append((PRIMARY_KEY.name, new, statements.rename_constraint(PRIMARY_KEY.name, new, BEFORE)))
    taken = KINES_NAMES | {index.name for index in target.indexes}
    for name in (seen.index.name for seen in former.indexes if seen.index.name in taken):
        renames.append((name, aside(name), statements.rename_index(name, aside(name))))
    return renames


def _back(renames: list[tuple[str, str, str]]) -> Iterator[str]:
    for old, new, statement in reversed(renames):
        if "CONSTRAINT" in statement:
            yield statements.rename_constraint(new, old, BEFORE)
        elif statement.startswith("ALTER INDEX"):
            yield statements.rename_index(new, old)
        else:
            yield statements.rename_table(new, old)


def swapped(facts: Facts, target: Target) -> Facts:
    """The facts as they will be when the last rename of swap_steps has run: a pure model, for the rest of the plan."""
    former = facts.table or facts.beside[BEFORE]
    copy = replace(
        former,
        columns=target.columns,
        primary_key=SeenIndex(replace(target.primary_key, name=NEW + target.primary_key.name), constraint=_new_key()),
        indexes=tuple(SeenIndex(replace(index, name=NEW + index.name)) for index in target.indexes),
        sequence=_drawn(facts, former, target),
        attached=(),
    )
    put_aside = replace(
        former,
        primary_key=former.primary_key and replace(former.primary_key, constraint=aside(PRIMARY_KEY.name)),
        indexes=(),
    )
    return replace(facts, table=copy, beside={BEFORE: put_aside})


def _new_key() -> str:
    return NEW + PRIMARY_KEY.name


def _drawn(facts: Facts, former: Relation, target: Target) -> Sequence | None:
    """The sequence of the new kine; its owner has got the name that kine has then."""
    copy, sequence = facts.beside.get(COPY), former.sequence
    if copy and copy.sequence:
        sequence = copy.sequence
    elif sequence and sequence.name != target.sequence.name and not facts.server.can("rename_sequence"):
        return target.sequence
    if sequence is None or sequence.owned_by is None:
        return sequence
    names = {TABLE: BEFORE, COPY: TABLE}
    table, column = sequence.owned_by
    return replace(sequence, owned_by=(names.get(table, table), column))


def letting_go(facts: Facts, table: Relation) -> Iterator[Step]:
    """The former table draws no ids any more: nothing that is put into it by mistake takes one from Kine."""
    former = facts.beside.get(BEFORE)
    if former and former.sequence and table.sequence and former.sequence.name == table.sequence.name:
        yield Step(
            does=f"let {BEFORE} draw no ids any more",
            why="what is put into it by mistake would take an id from Kine",
            statements=(statements.drop_default(BEFORE),),
            locks=f"{BEFORE}, which nobody uses",
            undo=(statements.draw_from(identifier(former.sequence.name), BEFORE),),
        )


def finish(facts: Facts, profile: str) -> Script:
    """
    The script that drops the former table, and the sequence that was replaced with it.

    Raises Refused where the exchange is not complete: the former table may be all that there is.
    """
    former, table = facts.beside.get(BEFORE), facts.table
    if COPY in facts.beside or (former and table is None):
        raise Refused("the rebuild of kine is not finished", "run kinetune init --allow REBUILD first")
    if former is None or table is None:
        return Script(profile, ())
    owned = table.sequence and table.sequence.owned_by
    if owned != (TABLE, "id"):
        raise Refused(f"{BEFORE} may still own the sequence that kine draws from", "run kinetune init first")
    lost: tuple[str, ...] = ()
    if former.sequence and former.sequence.owned_by != (BEFORE, "id"):
        lost = (statements.own_sequence(former.sequence.name, BEFORE),)
    step = Step(
        does=f"drop {BEFORE}, the table as it was before it was built anew",
        why="nothing uses it any more, and it takes as much room as kine",
        statements=(copy_statements.superseded(BEFORE), *lost, statements.drop_table(BEFORE)),
        locks=f"{BEFORE}, which nobody uses",
    )
    return Script(profile, (step,))
