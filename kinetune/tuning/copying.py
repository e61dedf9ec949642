"""Copy kine into the rebuilt table, compare the two, exchange their names, and drop the former table later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kinetune.formatting import format_bytes, format_count, format_duration
from kinetune.kine.schema import COLUMNS, PRIMARY_KEY, TABLE
from kinetune.kine.table_shape import BEFORE, COPY, NEW
from kinetune.model.facts import Facts, Index, ObservedIndex, Relation, Sequence
from kinetune.model.failure import Refused
from kinetune.model.script import Script, Step
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.rendering import render_template
from kinetune.tuning import copying, statements
from kinetune.tuning.indexes import KINE_INDEX_NAMES
from kinetune.tuning.statements import render_statement
from kinetune.tuning.target import TargetSchema

BATCH = 5_000
"""
Ids per transaction. 5,000 rows take 0.2 s on three YugabyteDB nodes on two cores (docs/facts/recorded.md §3), so an
interrupted copy loses little work, and no transaction lives long.
"""


@dataclass(frozen=True)
class FillOptions:
    """
    `hashed` and `type` describe the ids of the source (hash-sharded, column type). `ordered` is whether the ids of the
    copy are range-sharded. `skip_gap_rows` leaves out rows that fill gaps.
    """

    hashed: bool
    type: str
    ordered: bool
    skip_gap_rows: bool


def fill_copy(options: FillOptions, server: Server) -> str:
    """
    A query that returns INSERT statements, one for each block of BATCH ids with rows that the copy does not have yet.

    Each statement may be sent twice: it starts after the newest id of the copy, which is cheap to read at the end of a
    range-sharded key. A hash-sharded copy has no such end and uses ON CONFLICT instead, which YugabyteDB executes row
    by row (release notes of 2.25.0.0-b56: "for each value, it does index reads and then a write").

    A range of ids on a hash-sharded source would read the whole table each time. So the ids are listed one by one, in
    their own type. This follows from the documentation (point reads are sent to the tablets in batches) and was not
    measured. Rows that fill a gap are called gap-<id> (docs/facts/kine.md, Fill). The newest row is always copied, even
    if it fills a gap, because its id is the current revision.
    """
    # By name: the copy's columns may be in another order than those of the source.
    names = [column.name for column in COLUMNS]
    return render_statement(server, "fill_copy", names=names, size=BATCH, **vars(options))


def compare_copy(skip_gap_rows: bool, target: TargetSchema) -> str:
    """
    Fails with KT002 if a block of ids differs in the number of rows, the first or last id, or the sum of checksums.

    Checksums are made of the rows' text, which is the same for integer and bigint and for varchar and text. Values,
    which may be large, enter as their md5.
    """
    # The value itself never leaves the server, and its md5 keeps the sum of checksums fast.
    marks = (f"md5({column.name})" if column.type == "bytea" else identifier(column.name) for column in target.columns)
    template = "schema/compare_copy.sql"
    return render_template(template, marks=", ".join(marks), size=BATCH, skip_gap_rows=skip_gap_rows).strip()


def compare_step(skip_gap_rows: bool, target: TargetSchema) -> Step:
    return Step(
        does=f"compare {COPY} with kine: number, first and last id and checksum of every {BATCH:,} ids",
        why="only a copy with equal rows may replace kine; no value leaves the server",
        statements=(compare_copy(skip_gap_rows, target),),
        locks="nothing; reads both tables once",
    )


def create_copy_index(index: Index, server: Server, name: str) -> str:
    """An index on the copy. It is not built online, because no other session uses the copy."""
    return render_statement(server, "create_index", index=index, name=name, online=False, table=COPY)


def require_unwritten(former: str, copy: str) -> str:
    """
    Fails with KT003 if rows were added to the former table after the comparison: each write of Kine has a new id.

    For YugabyteDB, where no lock can keep writers out. It is sent after the rename, when no new write can find `kine`.
    """
    # IS DISTINCT FROM, because MAX(id) of an empty table is NULL.
    differ = f"(SELECT MAX(id) FROM {former}) IS DISTINCT FROM (SELECT MAX(id) FROM {copy})"
    raised = "RAISE EXCEPTION 'kine was written to after it was compared' USING ERRCODE = 'KT003'"
    return f"DO $unwritten$ BEGIN IF {differ} THEN {raised}; END IF; END $unwritten$"


def require_superseded(former: str) -> str:
    """
    Fails with KT004 if the newest row of the former table is missing in kine: kine has no id as high, or has another
    name under that id (Kine fills gaps in the ids with rows of its own).
    """
    newest = f"(SELECT id, name FROM {former} ORDER BY id DESC LIMIT 1) AS newest"
    # Compaction may have deleted the row itself from kine, so its id is compared, not its presence.
    later = f"NOT EXISTS (SELECT 1 FROM {TABLE} WHERE {TABLE}.id >= newest.id)"
    other = f"EXISTS (SELECT 1 FROM {TABLE} WHERE {TABLE}.id = newest.id AND {TABLE}.name <> newest.name)"
    found = f"EXISTS (SELECT 1 FROM {newest} WHERE {later} OR {other})"
    raised = f"RAISE EXCEPTION '{former} has a row that is missing in kine' USING ERRCODE = 'KT004'"
    return f"DO $superseded$ BEGIN IF {found} THEN {raised}; END IF; END $superseded$"


@dataclass(frozen=True)
class RebuildEstimate:
    """
    The size and duration of a rebuild: rows and bytes (None if unknown), approximate seconds (None if unknown), and the
    same in words.
    """

    rows: int | None
    bytes: int | None
    seconds: float | None
    words: str


RATES: Mapping[Flavour, tuple[int, str]] = {
    Flavour.POSTGRESQL: (8_000, "1,000,000 rows of 4 kB in 124 s, PostgreSQL 15 on two busy cores: bench rebuild"),
    Flavour.YUGABYTEDB: (3_300, "50,001 rows with three indexes in 15 s, three nodes: docs/facts/recorded.md §3"),
}
"""Rows per second over all steps of a rebuild, and options it was measured."""


def estimate_rebuild(facts: Facts) -> RebuildEstimate:
    """By the planner's estimate of rows, or by the newest id if the table was never analysed: it is an upper bound."""
    # Between the renames only the former table has the rows.
    table = facts.table or facts.beside.get(BEFORE)
    rows = (table.size or table.max_id) if table else None
    size = table.bytes if table else None
    rate, source = RATES[facts.server.flavour]
    if facts.table is None:
        return RebuildEstimate(rows, size, 0.0, "the copy is complete; only the renames remain")
    if not rows:
        return RebuildEstimate(
            None, size, None, "number of rows and duration are unknown; run ANALYZE kine for an estimate"
        )
    about = "about" if table and table.size else "at most"
    room = f" and {format_bytes(size)}, which are needed once more" if size else ""
    seconds = rows / rate
    words = f"{about} {format_count(rows, 'row')}{room}; roughly {format_duration(1000 * seconds)} ({source})"
    return RebuildEstimate(rows, size, seconds, words)


SWAP_LOCKS = "every statement on kine; briefly there is no table kine"


def aside_name(name: str) -> str:
    """The name of an index of kine after its table was renamed to kine_before_init."""
    return f"{BEFORE}_{name}"


def swap_step(facts: Facts, target: TargetSchema) -> Step:
    """
    Rename kine to kine_before_init, rename its key and indexes to free Kine's names, rename the copy to kine.

    After an interruption, the names of the tables show which renames remain.
    """
    former = facts.table or facts.beside[BEFORE]
    renames = [(*pair, statements.rename_table(*pair)) for pair in [(TABLE, BEFORE)] if facts.table is not None]
    renames += _free_names(former, target)
    renames.append((COPY, TABLE, statements.rename_table(COPY, TABLE)))
    texts = [statement for *_, statement in renames]
    if not swaps_atomically(facts.server):
        # Directly after the first rename: from then on no write can reach the former table by the name kine.
        texts.insert(0 if facts.table is None else 1, copying.require_unwritten(BEFORE, COPY))
    return Step(
        does=f"rename kine to {BEFORE} and the copy to kine",
        why=f"the former table stays until kinetune init --drop-old-table drops {BEFORE}",
        statements=tuple(texts),
        locks=SWAP_LOCKS,
        undo=tuple(_undo_renames(renames)),
    )


def swaps_atomically(server: Server) -> bool:
    """Whether one transaction can lock kine and exchange the tables. YugabyteDB has no lock that stops writes."""
    return server.can("transactional_ddl") and server.can("lock_table")


def atomic_swap_step(steps: tuple[Step, ...], target: TargetSchema, skip_gap_rows: bool) -> Step:
    """The whole exchange in one transaction. The comparison runs under the lock, so no write can follow it."""
    proof = statements.lock_table(TABLE), copying.compare_copy(skip_gap_rows, target)
    return replace(
        steps[0],
        does=f"compare the copy with kine, rename kine to {BEFORE} and the copy to kine, with all names of Kine",
        statements=(*proof, *(statement for step in steps for statement in step.statements)),
        locks="every statement on kine, during the comparison",
        undo=tuple(statement for step in reversed(steps) for statement in step.undo),
        atomic=True,
    )


def _free_names(former: Relation, target: TargetSchema) -> list[tuple[str, str, str]]:
    """(old name, new name, statement) for the key and each index of the former table that has one of Kine's names."""
    renames = []
    key = former.primary_key
    if key and key.constraint == PRIMARY_KEY.name:
        new = aside_name(PRIMARY_KEY.name)
        renames.append((PRIMARY_KEY.name, new, statements.rename_constraint(PRIMARY_KEY.name, new, BEFORE)))
    # The names of indexes are unique in a schema, and the copy's indexes need these.
    taken = KINE_INDEX_NAMES | {index.name for index in target.indexes}
    for name in (observed.index.name for observed in former.indexes if observed.index.name in taken):
        renames.append((name, aside_name(name), statements.rename_index(name, aside_name(name))))
    return renames


def _undo_renames(renames: list[tuple[str, str, str]]) -> Iterator[str]:
    for old, new, statement in reversed(renames):
        if "CONSTRAINT" in statement:
            yield statements.rename_constraint(new, old, BEFORE)
        elif statement.startswith("ALTER INDEX"):
            yield statements.rename_index(new, old)
        else:
            yield statements.rename_table(new, old)


def facts_after_swap(facts: Facts, target: TargetSchema) -> Facts:
    """The facts as they will be after swap_step(), so that the steps after it can be planned now."""
    former = facts.table or facts.beside[BEFORE]
    copy = replace(
        former,
        columns=target.columns,
        primary_key=ObservedIndex(
            replace(target.primary_key, name=NEW + target.primary_key.name), constraint=_copy_key_name()
        ),
        indexes=tuple(ObservedIndex(replace(index, name=NEW + index.name)) for index in target.indexes),
        sequence=_sequence_after_swap(facts, former, target),
        attached=(),
    )
    put_aside = replace(
        former,
        primary_key=former.primary_key and replace(former.primary_key, constraint=aside_name(PRIMARY_KEY.name)),
        indexes=(),
    )
    return replace(facts, table=copy, beside={BEFORE: put_aside})


def _copy_key_name() -> str:
    return NEW + PRIMARY_KEY.name


def _sequence_after_swap(facts: Facts, former: Relation, target: TargetSchema) -> Sequence | None:
    """The sequence of the new kine, with its owner under the name that the table has by then."""
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


def detach_sequence(facts: Facts, table: Relation) -> Iterator[Step]:
    """Remove the sequence from the former table: a row inserted into it by mistake would use an id of Kine."""
    former = facts.beside.get(BEFORE)
    if former and former.sequence and table.sequence and former.sequence.name == table.sequence.name:
        yield Step(
            does=f"detach the sequence from {BEFORE}",
            why="a row inserted into it by mistake would use an id of Kine",
            statements=(statements.drop_default(BEFORE),),
            locks=f"{BEFORE}, which is not in use",
            undo=(statements.set_id_default(identifier(former.sequence.name), BEFORE),),
        )


def plan_old_table_drop(facts: Facts, profile: str) -> Script:
    """
    The script that drops the former table and a sequence that was replaced.

    Raises Refused if the exchange is not complete: the former table may be the only complete one.
    """
    former, table = facts.beside.get(BEFORE), facts.table
    if COPY in facts.beside or (former and table is None):
        raise Refused("the rebuild of kine is not finished", "run kinetune init --allow REBUILD first")
    if former is None or table is None:
        return Script(profile, ())
    # If the former table still owned the sequence, dropping it would drop the sequence of kine too.
    owned = table.sequence and table.sequence.owned_by
    if owned != (TABLE, "id"):
        raise Refused(f"{BEFORE} may still own the sequence of kine", "run kinetune init first")
    lost: tuple[str, ...] = ()
    if former.sequence and former.sequence.owned_by != (BEFORE, "id"):
        # A sequence that was replaced is dropped together with the former table.
        lost = (statements.own_sequence(identifier(former.sequence.name), BEFORE),)
    step = Step(
        does=f"drop {BEFORE}, the former table",
        why="it is no longer used, and it needs as much space as kine",
        statements=(copying.require_superseded(BEFORE), *lost, statements.drop_table(BEFORE)),
        locks=f"{BEFORE}, which is not in use",
    )
    return Script(profile, (step,))
