"""
Rebuild an existing table: create a copy with the target's columns and key, fill it, index it, compare it, and put it in
the place of kine.

Facts alone show which steps are done, so after an interruption the next run continues with the rest. The order of the
renames is the one that was tried on YugabyteDB, where no rename can be rolled back (swap_to_range_50k.json in
tests/data/yugabytedb/ddl). One thing differs: the copy uses the sequence before it is renamed to kine, so that there is
never a table kine that cannot take ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kinetune.kine.table_shape import BEFORE, COPY, NEW, is_leftover
from kinetune.model.facts import COUNTED_UP_TO, Facts, Order, Relation, Sequence
from kinetune.model.script import Hazard, Step
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.servers.yugabytedb import needs_analyze
from kinetune.tuning import copying, statements
from kinetune.tuning.copying import swaps_atomically
from kinetune.tuning.indexes import KINE_INDEX_NAMES, describe_index, drop_leftover_step, is_equivalent
from kinetune.tuning.planted_statistics import plant_statistics_step
from kinetune.tuning.target import TargetSchema

NO_LOCKS = "nothing: Kine is stopped, and the copy is not in use"
COPY_REASON = "the copy is filled while it has no index, and kine is not changed"


@dataclass(frozen=True)
class RebuildOptions:
    """
    `forced`: rebuild even if it is not required. `skipped`: do not rebuild even if it is required. `skip_gap_rows`: do
    not copy rows that only fill gaps in the ids.
    """

    forced: bool = False
    skipped: bool = False
    skip_gap_rows: bool = False


DEFAULT_OPTIONS = RebuildOptions()


def is_rebuild_needed(facts: Facts, target: TargetSchema, rebuild: RebuildOptions) -> bool:
    """
    Whether the table must be rebuilt to match the target, or a rebuild was started and not finished.

    A rebuild is required if the sharding of the ids differs, and on YugabyteDB if a column type differs: it cannot
    change types of a range-sharded table (docs/facts/recorded.md §3).
    """
    if facts.table is None:
        return COPY in facts.beside
    if rebuild.skipped:
        return False
    return (
        COPY in facts.beside
        # The former table shows that this rebuild has been done; otherwise each further run with --rebuild would start
        # another.
        or (rebuild.forced and BEFORE not in facts.beside)
        or requires_rebuild(facts.table, target, facts.server)
    )


def requires_rebuild(table: Relation, target: TargetSchema, server: Server) -> bool:
    return changes_sharding(table, target) or (server.flavour is Flavour.YUGABYTEDB and _changes_types(table, target))


def changes_sharding(table: Relation, target: TargetSchema) -> bool:
    return is_hash_sharded(table) != (target.primary_key.keys[0].order is Order.HASH)


def is_hash_sharded(table: Relation) -> bool:
    return table.primary_key is not None and table.primary_key.index.keys[0].order is Order.HASH


def _changes_types(table: Relation, target: TargetSchema) -> bool:
    return target.exact_types and any(table.column(column.name) != column for column in target.columns)


def rebuild_steps(facts: Facts, target: TargetSchema, rebuild: RebuildOptions) -> Iterator[Step]:
    """The steps to a copy that can replace kine; none if it already has. All of them have the hazard REBUILD."""
    return (with_rebuild_hazard(step) for step in _copy_steps(facts, target, rebuild))


def with_rebuild_hazard(step: Step) -> Step:
    return replace(step, hazard=step.hazard or Hazard.REBUILD, kine_may_run=False)


def _copy_steps(facts: Facts, target: TargetSchema, rebuild: RebuildOptions) -> Iterator[Step]:
    copy, table, server = facts.beside.get(COPY), facts.table, facts.server
    if table is not None:
        for observed in table.indexes:
            # The indexes of the copy need their names.
            if is_leftover(observed.index.name):
                yield drop_leftover_step(observed, server)
        # Rows that were copied under other column types cannot be reused.
        if copy is not None and not _fits_target(copy, target):
            yield drop_copy_step("an earlier run created it for another target schema")
            copy = None
        yield from _create_copy_steps(table, copy, target, facts)
        ordered = target.primary_key.keys[0].order is not Order.HASH
        column = table.column("id")
        assert column is not None, "refuse_foreign_table guarantees it"
        options = copying.FillOptions(is_hash_sharded(table), column.type, ordered, rebuild.skip_gap_rows)
        # Planting needs an empty table without other indexes, so it is the first step after CREATE TABLE.
        if target.plants and copy is None:
            yield plant_statistics_step(COPY, server)
        elif target.plants:
            yield _remove_planted_step()
        yield _fill_step(options, copy, server)
        # After the rows: otherwise each insert would have to update every index.
        yield from _copy_index_steps(copy, target, server)
        yield from _copy_sequence_steps(table, copy, target, facts)
        if not target.plants or (copy is not None and needs_analyze(copy.rows, COUNTED_UP_TO)):
            yield from _analyze_steps(table, server)
        # Otherwise the comparison is part of the exchange itself, under its lock.
        if not swaps_atomically(server):
            yield copying.compare_step(rebuild.skip_gap_rows, target)


def drop_copy_step(why: str) -> Step:
    return Step(
        does=f"drop the copy {COPY}", why=why, statements=(statements.drop_table(COPY),), locks=NO_LOCKS, undo=()
    )


def _fits_target(copy: Relation, target: TargetSchema) -> bool:
    key = copy.primary_key and copy.primary_key.index.keys
    return copy.columns == target.columns and key == target.primary_key.keys


def _create_copy_steps(table: Relation, copy: Relation | None, target: TargetSchema, facts: Facts) -> Iterator[Step]:
    """The copy gets kine's owner and privileges: Kine may connect as another role than kinetune."""
    made: list[str] = []
    if copy is None:
        made.append(statements.create_side_table(target, facts.server, f"{identifier(table.schema)}.{COPY}"))
    # A new table belongs to the role that creates it.
    owner = copy.owner if copy else facts.role.name
    if table.owner is not None and owner != table.owner:
        made.append(statements.change_owner(table.owner, COPY))
    missing = [grant for grant in table.grants if copy is None or grant not in copy.grants]
    made += [statements.grant_privilege(grant.privilege, COPY, grant.role) for grant in missing]
    if made:
        others = [
            observed.index.name for observed in table.indexes if observed.index.name not in _target_index_names(target)
        ]
        yield Step(
            does=f"create the table {COPY} " + _describe_sharding(target),
            why=COPY_REASON + (f"; indexes that are not Kine's are not copied: {', '.join(others)}" if others else ""),
            statements=tuple(made),
            locks=NO_LOCKS,
            undo=() if copy else (statements.drop_table(COPY),),
        )


def _target_index_names(target: TargetSchema) -> frozenset[str]:
    return KINE_INDEX_NAMES | {index.name for index in target.indexes}


def _describe_sharding(target: TargetSchema) -> str:
    order = target.primary_key.keys[0].order
    return "with hash-sharded ids" if order is Order.HASH else "with ids in one order"


def _remove_planted_step() -> Step:
    return Step(
        does=f"delete planted rows from {COPY}",
        why="an interrupted run may have left them; they have ids below 1",
        statements=(f"DELETE FROM {COPY} WHERE id < 1",),  # noqa: S608 - a constant
        locks=NO_LOCKS,
    )


def _fill_step(options: copying.FillOptions, copy: Relation | None, server: Server) -> Step:
    return Step(
        does=f"copy the rows in the order of their ids, {copying.BATCH:,} ids at a time"
        + (", without those that only fill gaps" if options.skip_gap_rows else ""),
        why="continues after the newest id of the copy"
        if copy
        else "each batch is kept: a later run continues after it",
        statements=(copying.fill_copy(options, server),),
        locks=NO_LOCKS,
        unfolds=True,
    )


def _copy_index_steps(copy: Relation | None, target: TargetSchema, server: Server) -> Iterator[Step]:
    """The copy is not in use, so a plain build is the fastest, and on YugabyteDB the safest (TA-24313)."""
    for wanted in target.indexes:
        name = NEW + wanted.name
        observed = copy.index(name) if copy else None
        if observed and observed.valid and is_equivalent(replace(observed.index, name=wanted.name), wanted):
            continue
        # A build that was interrupted leaves an invalid index under this name.
        remains = (statements.drop_index(name, server),) if observed else ()
        yield Step(
            does=f"build {describe_index(wanted)} on the copy",
            why=target.reasons.get(wanted.name, ""),
            statements=(*remains, copying.create_copy_index(wanted, server, name)),
            locks=NO_LOCKS,
            undo=(statements.drop_index(name, server),),
        )


def _copy_sequence_steps(table: Relation, copy: Relation | None, target: TargetSchema, facts: Facts) -> Iterator[Step]:
    """
    Let the copy use the sequence of kine. If that has another name than the target's and the server cannot rename a
    sequence (YugabyteDB: 0A000, sequence_alter_flag1.json in tests/data/yugabytedb/ddl), a new one is created.
    """
    former, wanted = table.sequence, target.sequence
    assert former is not None, "refuse_foreign_table guarantees it"
    sequence = former.name if facts.server.can("rename_sequence") else wanted.name
    draws = bool(copy and copy.sequence and copy.sequence.name == sequence)
    texts = () if draws else (statements.set_id_default(identifier(sequence), COPY),)
    if sequence != former.name:  # raised again in each run: Kine may have taken ids from the former one since
        made = () if draws else tuple(_new_sequence_statements(table, wanted, facts))
        texts = (*made, statements.raise_sequence_above(wanted.name, former.name), *texts)
    if texts:
        replaces = f", which replaces {former.name}" if sequence != former.name else ""
        yield Step(
            does=f"let the copy take its ids from {sequence}{replaces}",
            why="ids must continue without a jump back: Kine reads them as revisions",
            statements=texts,
            locks=NO_LOCKS,
        )


def _new_sequence_statements(table: Relation, wanted: Sequence, facts: Facts) -> Iterator[str]:
    """
    A sequence with Kine's name. If kine belongs to another role than kinetune's, that role becomes its owner now, and
    the table owns the sequence only after the exchange. Roles that may insert into kine get USAGE on it, because the
    privileges on the former sequence are not among the facts.
    """
    schema = identifier(table.schema)
    name = f"{schema}.{identifier(wanted.name)}"
    foreign = table.owner is not None and table.owner != facts.role.name
    yield statements.create_sequence(wanted, name, "" if foreign else f"{schema}.{COPY}", again=True)
    if foreign and table.owner:
        yield statements.change_owner(table.owner, name)
    for grant in table.grants:
        # INSERT takes an id by the default of the column, which needs USAGE on the sequence.
        if grant.privilege == "INSERT":
            yield statements.grant_privilege("USAGE", f"SEQUENCE {name}", grant.role)


def _analyze_steps(table: Relation, server: Server) -> Iterator[Step]:
    """
    On YugabyteDB only if the store has statistics: most have none, and statistics change the plans
    (docs/facts/measured.md §3).
    """
    if server.flavour is Flavour.YUGABYTEDB and not table.rows:
        return
    analyse = "ANALYZE" if server.flavour is Flavour.YUGABYTEDB else "VACUUM (ANALYZE)"
    yield Step(
        does="analyse the copy",
        why="without statistics lists may read the whole table",
        statements=(f"{analyse} {COPY}",),
        locks=NO_LOCKS,
    )
