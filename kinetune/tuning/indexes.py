"""Indexes, exchanged while Kine runs: build beside, exchange names, drop the old one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kinetune.kine.schema import INDEXES
from kinetune.kine.shape import NEW, OLD, leftover
from kinetune.model.facts import Relation, SeenIndex
from kinetune.model.schema import Index
from kinetune.model.script import Hazard, Step
from kinetune.model.server import Flavour, Server
from kinetune.tuning import statements
from kinetune.tuning.target import Target

KINES_NAMES = frozenset(index.name for index in INDEXES)
ONLINE = "no read or write; waits for open transactions to end"
OFFLINE = "writes of kine, which fail meanwhile on YugabyteDB: Kine must be stopped"
MOMENT = "the names of the two indexes, for a moment; reads and writes go on"


def key_steps(table: Relation, target: Target) -> Iterator[Step]:
    seen = table.primary_key
    if seen and seen.constraint and seen.constraint != target.primary_key.name:
        yield Step(
            does=f"rename the primary key {seen.constraint} to {target.primary_key.name}",
            why=target.reasons[target.primary_key.name],
            statements=(statements.rename_constraint(seen.constraint, target.primary_key.name),),
            locks="every read and write of kine, for a moment",
            undo=(statements.rename_constraint(target.primary_key.name, seen.constraint),),
        )


def index_steps(table: Relation, target: Target, server: Server) -> Iterator[Step]:
    """
    Leftovers of an interrupted run first, then one exchange an index.

    A finished build of an interrupted run is kept. An index of another name stays: it may be the user's own.
    """
    empty = table.max_id is None and not table.rows
    exchanges = tuple(_exchanges(table, target, spare=server.flavour is Flavour.YUGABYTEDB and not empty))
    kept = {NEW + exchange.wanted.name for exchange in exchanges if exchange.built}
    for seen in table.indexes:
        if leftover(seen.index.name) and seen.index.name not in kept:
            yield drop_leftover(seen, server)
    for exchange in exchanges:
        yield from exchange.steps(server, empty=empty)
    for seen in table.indexes:
        if seen.index.name in KINES_NAMES - {index.name for index in target.indexes}:
            yield _drop(seen, server, "the Kine of this era does not make it")


@dataclass(frozen=True)
class Exchange:
    """One index for another of the same name; `built` when an interrupted run has finished the new one already."""

    wanted: Index
    current: SeenIndex | None
    built: bool
    why: str

    def steps(self, server: Server, *, empty: bool) -> Iterator[Step]:
        """
        All of one subject: a plan shows them together. All are a hazard where the table is in use on YugabyteDB.

        There each change of an index gives the table a new version, and writes under way end with 40001: Kine v0.16.4
        reports them, v0.17.5 acknowledges such creates, 30 of 600 (2.21: measured.md §11). An empty table has nothing
        that an online build would spare, and one takes 3 to 9 s even there (FINDINGS.md, DDL). With rows, releases
        whose online builds may miss some of them get none (TA-24313).
        """
        online = server.can("safe_online_index") and not (empty and server.can("nonconcurrently"))
        only_named = self.built and self.current is None  # the end of a rebuild, which found Kine stopped
        stopped = server.flavour is Flavour.YUGABYTEDB and not (empty or only_named)
        for step in self._steps(server, online=online):
            told = replace(step, subject=self.wanted.name)
            yield replace(told, kine_may_run=False, hazard=Hazard.OFFLINE_INDEX) if stopped else told

    def _steps(self, server: Server, *, online: bool) -> Iterator[Step]:
        if not self.built:
            yield self._build(server, online=online)
        yield self._put_in_place(server)
        if self.current:
            yield self._drop_former(self.current, server)

    def _build(self, server: Server, *, online: bool) -> Step:
        new = NEW + self.wanted.name
        return Step(
            does=f"build {describe(self.wanted)}" + (", beside the one in use" if self.current else ""),
            why=self.why,
            statements=(statements.create_index(self.wanted, server, new, online=online),),
            locks=ONLINE if online else OFFLINE,
            undo=(statements.drop_index(new, server),),
        )

    def _put_in_place(self, server: Server) -> Step:
        name, new, old = self.wanted.name, NEW + self.wanted.name, OLD + self.wanted.name
        aside = (statements.rename_index(name, old),) if self.current else ()
        back = (statements.rename_index(old, name),) if self.current else ()
        return Step(
            does=f"put it in place as {name}",
            why="Kine finds the name taken at its next start and adds nothing",
            statements=(*aside, statements.rename_index(new, name)),
            locks=MOMENT,
            undo=(statements.rename_index(name, new), *back),
            atomic=server.can("transactional_ddl"),
        )

    def _drop_former(self, current: SeenIndex, server: Server) -> Step:
        old = OLD + self.wanted.name
        return Step(
            does=f"drop the former {self.wanted.name}",
            why="it is no longer used, and every write would keep it up to date",
            statements=(statements.drop_index(old, server),),
            locks=ONLINE,
            undo=(statements.create_index(current.index, server, old, online=server.can("safe_online_index")),),
        )


def _exchanges(table: Relation, target: Target, *, spare: bool) -> Iterator[Exchange]:
    """With `spare` no Kine is stopped for an index that does no harm but to the speed of writes."""
    for wanted in target.indexes:
        current = table.index(wanted.name)
        if current and spare and wanted.placeholder and _is_spare(current):
            continue
        if current is None or not current.valid or not same(current.index, wanted):
            built = table.index(NEW + wanted.name)
            ready = built is not None and built.valid and same(replace(built.index, name=wanted.name), wanted)
            yield Exchange(wanted, current, ready, target.reasons.get(wanted.name, ""))


def _is_spare(seen: SeenIndex) -> bool:
    """Kine's own index, whole and by range, where a placeholder would do."""
    own = next((index for index in INDEXES if index.name == seen.index.name), None)
    return seen.valid and seen.index == own


def same(seen: Index, wanted: Index) -> bool:
    """Equal in what they do; of a placeholder only its being one counts."""
    return seen == wanted or (seen.placeholder and wanted.placeholder)


def drop_leftover(seen: SeenIndex, server: Server) -> Step:
    return _drop(seen, server, "left by an interrupted run of kinetune")


def _drop(seen: SeenIndex, server: Server, why: str) -> Step:
    return Step(
        does=f"drop the index {seen.index.name}",
        why=why,
        statements=(statements.drop_index(seen.index.name, server),),
        locks=ONLINE,
        undo=(statements.create_index(seen.index, server, online=server.can("safe_online_index")),),
    )


def describe(index: Index) -> str:
    """'the unique index on (name, prev_revision) with id inside'."""
    if index.placeholder:
        return f"an empty index to hold the name {index.name}"
    keys = ", ".join(key.column for key in index.keys)
    inside = f" with {', '.join(index.include)} inside" if index.include else ""
    return f"{'the unique' if index.unique else 'the'} index on ({keys}){inside}"
