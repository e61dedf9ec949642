"""
Indexes: build the new one under a temporary name, exchange the names, drop the former one.

On PostgreSQL Kine runs meanwhile: at each moment there is a complete index under the name that Kine expects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kinetune.kine.schema import INDEXES
from kinetune.kine.table_shape import NEW, OLD, is_leftover
from kinetune.model.facts import Index, ObservedIndex, Relation
from kinetune.model.script import Hazard, Step
from kinetune.model.server import Flavour, Server
from kinetune.tuning import statements
from kinetune.tuning.target import TargetSchema

KINE_INDEX_NAMES = frozenset(index.name for index in INDEXES)
# CREATE and DROP INDEX CONCURRENTLY: SHARE UPDATE EXCLUSIVE (postgresql.org/docs, explicit-locking).
ONLINE = "VACUUM and ALTER TABLE on kine, but no read or write; waits until open transactions end"
OFFLINE = "writes to kine, which fail during the build on YugabyteDB: Kine must be stopped"
MOMENT = "the two indexes, briefly; reads and writes continue"


def primary_key_steps(table: Relation, target: TargetSchema) -> Iterator[Step]:
    observed = table.primary_key
    if observed and observed.constraint and observed.constraint != target.primary_key.name:
        yield Step(
            does=f"rename the primary key {observed.constraint} to {target.primary_key.name}",
            why=target.reasons[target.primary_key.name],
            statements=(statements.rename_constraint(observed.constraint, target.primary_key.name),),
            locks="every read and write of kine, briefly",
            undo=(statements.rename_constraint(target.primary_key.name, observed.constraint),),
        )


def index_steps(table: Relation, target: TargetSchema, server: Server) -> Iterator[Step]:
    """
    Drop leftovers of an interrupted run, then exchange each index that differs from the target.

    A build that an interrupted run finished is used. An index with a name that is not Kine's stays: it may belong to
    the user.
    """
    # MAX(id) alone is not enough: it is None in facts that do not include it.
    empty = table.max_id is None and not table.rows
    exchanges = tuple(_needed_exchanges(table, target, spare=server.flavour is Flavour.YUGABYTEDB and not empty))
    # A finished build took minutes on a large table, so it is used.
    kept = {NEW + exchange.wanted.name for exchange in exchanges if exchange.built}
    for observed in table.indexes:
        if is_leftover(observed.index.name) and observed.index.name not in kept:
            yield drop_leftover_step(observed, server)
    for exchange in exchanges:
        yield from exchange.steps(server, empty=empty)
    for observed in table.indexes:
        # Only names of Kine: an index that a user added for other purposes is not kinetune's to drop.
        if observed.index.name in KINE_INDEX_NAMES - {index.name for index in target.indexes}:
            yield _drop_index_step(observed, server, "the Kine releases of this era do not create it")


@dataclass(frozen=True)
class IndexExchange:
    """One index for another of the same name. `built`: an interrupted run has finished the new one already."""

    wanted: Index
    current: ObservedIndex | None
    built: bool
    why: str

    def steps(self, server: Server, *, empty: bool) -> Iterator[Step]:
        """
        The steps of one exchange. They have one subject, so that a plan shows them together.

        On YugabyteDB all of them are a hazard if the table has rows: each change of an index gives the table a new
        version, and writes that are in progress fail with 40001. Kine v0.16.4 reports them, v0.17.5 acknowledged 30 of
        600 such creates although they were lost (2.21: docs/facts/measured.md §11). An online build takes 3 to 9 s even
        on an empty table (docs/facts/recorded.md §3), so there it is not used. It is not used either on releases whose
        online build may miss rows (TA-24313).
        """
        online = server.can("safe_online_index") and not (empty and server.can("nonconcurrently"))
        # This is the end of a rebuild, which runs only while Kine is stopped: just the rename is left.
        only_named = self.built and self.current is None
        stopped = server.flavour is Flavour.YUGABYTEDB and not (empty or only_named)
        for step in self._steps(server, online=online):
            step = replace(step, subject=self.wanted.name)
            yield replace(step, kine_may_run=False, hazard=Hazard.OFFLINE_INDEX) if stopped else step

    def _steps(self, server: Server, *, online: bool) -> Iterator[Step]:
        if not self.built:
            yield self._build_step(server, online=online)
        yield self._put_in_place_step(server)
        if self.current:
            yield self._drop_former_step(self.current, server)

    def _build_step(self, server: Server, *, online: bool) -> Step:
        new = NEW + self.wanted.name
        return Step(
            does=f"build {describe_index(self.wanted)}" + (", next to the one in use" if self.current else ""),
            why=self.why,
            statements=(statements.create_index(self.wanted, server, new, online=online),),
            locks=ONLINE if online else OFFLINE,
            undo=(statements.drop_index(new, server),),
        )

    def _put_in_place_step(self, server: Server) -> Step:
        name, new, old = self.wanted.name, NEW + self.wanted.name, OLD + self.wanted.name
        # The former index keeps existing under another name until the new one has its place.
        aside = (statements.rename_index(name, old),) if self.current else ()
        back = (statements.rename_index(old, name),) if self.current else ()
        return Step(
            does=f"put it in place as {name}",
            why="at its next start Kine finds an index of this name and creates none",
            statements=(*aside, statements.rename_index(new, name)),
            locks=MOMENT,
            undo=(statements.rename_index(name, new), *back),
            # Between the two renames, a starting Kine would find the name free and build its own index.
            atomic=server.can("transactional_ddl"),
        )

    def _drop_former_step(self, current: ObservedIndex, server: Server) -> Step:
        old = OLD + self.wanted.name
        return Step(
            does=f"drop the former {self.wanted.name}",
            why="it is no longer used, but every write would still update it",
            statements=(statements.drop_index(old, server),),
            locks=ONLINE,
            undo=(statements.create_index(current.index, server, old, online=server.can("safe_online_index")),),
        )


def _needed_exchanges(table: Relation, target: TargetSchema, *, spare: bool) -> Iterator[IndexExchange]:
    """
    Indexes of the target that are missing or different. With `spare`, an index of Kine's own stays where the target has
    a placeholder: it only slows writes down, which is not worth a stop of Kine.
    """
    for wanted in target.indexes:
        current = table.index(wanted.name)
        if current and spare and wanted.placeholder and _is_kines_own(current):
            continue
        if current is None or not current.valid or not is_equivalent(current.index, wanted):
            built = table.index(NEW + wanted.name)
            # A failed online build leaves an index of this name that is not valid.
            ready = built is not None and built.valid and is_equivalent(replace(built.index, name=wanted.name), wanted)
            yield IndexExchange(wanted, current, ready, target.reasons.get(wanted.name, ""))


def _is_kines_own(observed: ObservedIndex) -> bool:
    """Whether it is the complete, range-sharded index that Kine itself creates."""
    own = next((index for index in INDEXES if index.name == observed.index.name), None)
    return observed.valid and observed.index == own


def is_equivalent(observed: Index, wanted: Index) -> bool:
    """Whether both have the same effect. All placeholders are equivalent, whatever their key."""
    return observed == wanted or (observed.placeholder and wanted.placeholder)


def drop_leftover_step(observed: ObservedIndex, server: Server) -> Step:
    return _drop_index_step(observed, server, "left by an interrupted run of kinetune")


def _drop_index_step(observed: ObservedIndex, server: Server, why: str) -> Step:
    return Step(
        does=f"drop the index {observed.index.name}",
        why=why,
        statements=(statements.drop_index(observed.index.name, server),),
        locks=ONLINE,
        undo=(statements.create_index(observed.index, server, online=server.can("safe_online_index")),),
    )


def describe_index(index: Index) -> str:
    """`the unique index on (name, prev_revision) including id`."""
    if index.placeholder:
        return f"an empty index to reserve the name {index.name}"
    keys = ", ".join(key.column for key in index.keys)
    include = f" including {', '.join(index.include)}" if index.include else ""
    return f"{'the unique' if index.unique else 'the'} index on ({keys}){include}"
