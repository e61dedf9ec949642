"""What `kinetune move` does: take a census of the source, plan the table, copy the rows, prove that all are there."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from kinetune.commands.change import Question, Runner
from kinetune.commands.incoming import (
    IncomingRows,
    choose_definition,
    copy_source,
    find_database_name,
    plan_table,
    require_equal,
)
from kinetune.commands.incoming_change import IncomingChange
from kinetune.commands.observer import SILENT, Observer, show_stage
from kinetune.formatting import format_count, format_number
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook, Failure, Refused, UsageFailure
from kinetune.model.source_address import AddressKind
from kinetune.model.transfer import SourceKind
from kinetune.tuning.change_plans import MoveCheck, MoveOutcome, MovePlan
from kinetune.tuning.move_obstacles import (
    MoveOptions,
    describe_stop,
    find_source_obstacles,
    find_target_obstacles,
    find_token_obstacles,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kinetune.database.session import Session
    from kinetune.kine.releases import EraInUse
    from kinetune.model.source_address import SourceAddress
    from kinetune.model.transfer import Census, Comparison, SourceState
    from kinetune.transfer.fence import Fence
    from kinetune.transfer.incoming import IncomingTable
    from kinetune.transfer.source import Source

NEEDS_DATABASE = "needs a source on PostgreSQL or YugabyteDB"


@dataclass(frozen=True)
class MoveRequest:
    """What to move and how. `era` None: the newest that is known."""

    address: SourceAddress
    options: MoveOptions
    profile: str = "tuned"
    era: EraInUse | None = None

    def open(self) -> contextlib.AbstractContextManager[Source]:
        """The source, as the options want to see it."""
        from kinetune.transfer.sources import ReadOptions, open_source

        wanted = self.options
        return open_source(self.address, ReadOptions(wanted.live_only, wanted.bump, wanted.skip_gap_rows), "move")


def plan_move(find_endpoint: Callable[[], Endpoint], request: MoveRequest, observer: Observer = SILENT) -> MovePlan:
    """
    Open the source, look at the target in a session that may only read, then read all rows of the source once.

    Raises Refused where the target has rows or cannot take the table. What else forbids the move is in the plan.
    """
    from kinetune.database.observe import open_store
    from kinetune.kine.bootstrap_key import check_token

    options = request.options
    _require_possible(request)
    with contextlib.ExitStack() as stack:
        with observer.progress(f"open the source ({request.address.kind})"):
            source = stack.enter_context(request.open())
            # --follow waits for them later; after a bump they do no harm.
            writers = source.find_writers() if options.requires_stop and not options.follow else ()
            fence = _read_fence(request.address)
        endpoint, state = find_endpoint(), source.state
        with open_store(endpoint, "move") as (session, facts):
            facts = find_database_name(session, facts)
            definition = choose_definition(request.profile, request.era, facts.server)
            scripts = plan_table(session, facts, definition, _describe_rows(options, state))
            users = _find_users(session) if facts.database_exists else ()
        census = _count_rows(source, observer)
    token = check_token(census.bootstrap, options.token) if options.token else None
    obstacles: tuple[Failure, ...] = (
        *find_source_obstacles(state, census, writers, options),
        *find_token_obstacles(token),
        *((fence.obstacle,) if options.fence and fence and fence.obstacle else ()),
        *find_target_obstacles(users),
    )
    endpoint = replace(endpoint, database=facts.database)
    plan = MovePlan(endpoint, state, census, facts, scripts, definition, request.profile, options, obstacles, token)
    return replace(plan, fenced=fence.roles if fence else ())


def _require_possible(request: MoveRequest) -> None:
    """Raise UsageFailure for options that do not go with the kind of the source, before anything is read."""
    from kinetune.kine.bootstrap_key import parse_password

    if request.options.fence and not isinstance(request.address.endpoint, Endpoint):
        raise UsageFailure(f"--fence {NEEDS_DATABASE}", "stop the source and omit it")
    if request.options.follow and request.address.kind in (AddressKind.ETCD_SNAPSHOT, AddressKind.ARCHIVE):
        raise UsageFailure("--follow has no effect on a copy, which does not change", "remove it")
    if request.options.token:
        parse_password(request.options.token)


def _read_fence(address: SourceAddress) -> Fence | None:
    """What an earlier run may have left, and what would forbid a new one; None where no fence is possible."""
    from kinetune.transfer.fence import read_fence

    return read_fence(address.endpoint) if isinstance(address.endpoint, Endpoint) else None


def _count_rows(source: Source, observer: Observer) -> Census:
    from kinetune.transfer.census import take_census

    with show_stage(observer, f"read {source.state.place}", source.state.rows or None) as update:
        return take_census(source.read_rows(), update)


def _describe_rows(options: MoveOptions, state: SourceState) -> IncomingRows:
    """The mode belongs to the origin: a table with all rows is not continued with the live ones."""
    if options.live_only or options.bump or state.kind.is_etcd:
        mode = f"live rows, revision raised by {options.bump or 0}"
    else:
        mode = "all rows but those of gaps" if options.skip_gap_rows else "all rows"
    return IncomingRows(f"{state.place}: {mode}", None)


def _find_users(session: Session) -> tuple[str, ...]:
    from kinetune.database.kine_stopped import find_clients

    return tuple(map(str, find_clients(session, "move")))


@dataclass(frozen=True)
class MoveChange(IncomingChange[MovePlan, MoveRequest]):
    """The confirmed plan of `move`. `outcome` is filled by `apply`."""

    command: ClassVar[str] = "move"
    outcome: MoveOutcome = field(default_factory=MoveOutcome)

    def check_allowed(self) -> None:
        for obstacle in self.plan.obstacles:
            raise obstacle

    def question(self) -> Question:
        fence = " Kine's roles will lose the right to write to the source (--fence)." if self.plan.options.fence else ""
        rows = format_count(self.plan.census.rows, "row")
        return Question(f"Move {rows} to {self.plan.endpoint}?{fence}", "--yes")

    def describe_rows(self) -> IncomingRows:
        return _describe_rows(self.plan.options, self.plan.source)

    def check_idle(self, session: Session) -> None:
        for obstacle in find_target_obstacles(_find_users(session)):
            raise obstacle

    def apply(self, session: Session, runner: Runner) -> None:
        self.outcome.started = time.time()
        with self._lift_fence_after_failure():
            super().apply(session, runner)
        self.outcome.finished = time.time()

    def fill(self, session: Session) -> None:
        with self.options.open() as source:
            table = copy_source(session, source, self.observer)
            if self.plan.options.follow:
                self._follow(source, table)
            self.outcome.stopped = time.time()
            self._prove(source, table)
            self.outcome.source = source.state
        self._add_gap_row(source.state, table)
        self.check_idle(session)  # a Kine that was started meanwhile would not see the table, and create its own

    def _prove(self, source: Source, table: IncomingTable) -> None:
        """Compare all rows with a source that is not written to, neither before nor after it was read."""
        must_stop = self.plan.options.requires_stop
        if must_stop:
            # --follow has waited for writers. A Kine behind a fence may stay connected.
            self._require_unchanged(source, () if self.plan.options.follow else source.find_writers())
        # The leases of an etcd count down from one run to the next.
        is_again = source.state.kind is SourceKind.ETCD and self.plan.scripts.continues
        self.outcome.ranges = require_equal(table, source, self.observer, exact_leases=not is_again).ranges
        if must_stop:
            self._require_unchanged(source, ())

    def _require_unchanged(self, source: Source, writers: tuple[str, ...]) -> None:
        """A write that came after the copy would be lost."""
        before = source.state.revision
        source.refresh()
        if source.state.revision == before and not writers:
            return
        rose = f"its revision rose from {format_number(before)} to {format_number(source.state.revision)}"
        raise Refused(
            f"{source.state.place} is still written to: {writers[0] if writers else rose}",
            "stop it and run again: what was copied is kept",
        )

    def _add_gap_row(self, state: SourceState, table: IncomingTable) -> None:
        """
        A sequence may be ahead of the rows. The current revision must not fall below what it has given out, and must
        be that of a row: releases up to v0.11.3 fill the difference, one gap after the other (docs/facts/moving.md §3).
        """
        from kinetune.transfer.live_rows import gap_row

        if (last := state.last_id or 0) > state.revision:
            table.write_batches([[gap_row(last)]])
            self.outcome.top = last

    def _follow(self, source: Source, table: IncomingTable) -> None:
        """Copy what is new until the source is not written to any more."""
        from kinetune.transfer.follow import PASS_SECONDS, iterate_passes

        asked = stopped = False
        with self.observer.progress(f"follow {source.state.place}") as update:
            for done in iterate_passes(source, table):
                behind = f"{format_count(done.behind, 'revision')} behind"
                update(title=f"follow: revision {format_number(done.revision)}, {behind}, {done.seconds:.1f} s a pass")
                # This pass began after the source had stopped.
                if stopped and (self.outcome.fenced or done.is_quiet):
                    return
                if not asked and done.is_close:
                    asked = True
                    self._ask_for_stop(source.state.kind)
                stopped = asked and bool(self.outcome.fenced or not source.find_writers())
                time.sleep(0 if stopped else PASS_SECONDS)

    def _ask_for_stop(self, kind: SourceKind) -> None:
        from kinetune.transfer.fence import raise_fence

        endpoint = self.options.address.endpoint
        if not self.plan.options.fence or not isinstance(endpoint, Endpoint):
            self.observer.note(f"the target has caught up; now {describe_stop(kind, self.plan.census)}")
            return
        self.outcome.fenced = ("",)  # from here on there may be a part of it
        self.outcome.fenced = raise_fence(endpoint).roles
        self.observer.note(f"the target has caught up; {', '.join(self.outcome.fenced)} may no longer write (--fence)")

    @contextlib.contextmanager
    def _lift_fence_after_failure(self) -> Iterator[None]:
        from kinetune.transfer.fence import lift_fence

        try:
            yield
        except BaseException:
            endpoint = self.options.address.endpoint
            if self.outcome.fenced and isinstance(endpoint, Endpoint):
                try:
                    lift_fence(endpoint)
                except Failure as failure:
                    self.observer.note(f"the fence could not be lifted ({failure.cause}); run kinetune move --unfence")
            raise

    def verify(self) -> None:
        """The rows have been compared already: this is about the table that a new session finds by the name kine."""
        from kinetune.database.observe import open_store

        newest = max(self.outcome.source.revision if self.outcome.source else 0, self.outcome.top)
        with open_store(self.plan.endpoint, self.command) as (_, facts):
            table = facts.table
        if table is None or (table.max_id or 0) < newest or (table.last_id or 0) < newest:
            raise CouldNotLook(
                "moved, but the newest revisions are missing from kine, or its sequence is behind them",
                "make sure that no Kine is running, then run kinetune init, which raises the sequence",
            )


def verify_move(endpoint: Endpoint, request: MoveRequest, observer: Observer = SILENT) -> MoveCheck:
    """Compare the table kine of the target with the source, in sessions that may only read."""
    from kinetune.database.observe import open_store
    from kinetune.kine.table_shape import refuse_foreign_table
    from kinetune.quoting import identifier
    from kinetune.transfer.incoming import IncomingTable
    from kinetune.transfer.verification import compare_with_source

    with request.open() as source, open_store(endpoint, "move") as (session, facts):
        refuse_foreign_table(facts)
        if facts.table is None:
            raise CouldNotLook(f"there is no table kine in {endpoint}", "name the target of the move")
        session.set_parameter("statement_timeout", "0")
        table = IncomingTable(session, f"{identifier(facts.table.schema)}.kine")
        title = f"compare {table.table} with {source.state.place}"
        with show_stage(observer, title, source.state.rows or None) as update:
            # Leases of etcd count down between two reads.
            found = compare_with_source(source, table, update, exact_leases=source.state.kind is not SourceKind.ETCD)
        return MoveCheck(source.state, str(endpoint), _without_top(found, source.state, table))


def _without_top(found: Comparison, state: SourceState, table: IncomingTable) -> Comparison:
    """The gap row that `move` has added is not a difference, unless there are rows above it."""
    from kinetune.transfer.live_rows import gap_row

    mismatch, last = found.mismatch, state.last_id or 0
    if mismatch is None or mismatch.id != last or last <= state.revision:
        return found
    above = next(table.read_rows(state.revision), [])
    return replace(found, mismatch=None) if above == [gap_row(last)] else found


def lift_source_fence(address: SourceAddress) -> tuple[str, ...]:
    """The roles that got their privileges back. UsageFailure for a source that no fence is known for."""
    from kinetune.transfer.fence import lift_fence

    if not isinstance(address.endpoint, Endpoint):
        raise UsageFailure(f"--unfence {NEEDS_DATABASE}", "name the one that was fenced")
    return lift_fence(address.endpoint).roles
