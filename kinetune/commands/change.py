"""
The one workflow of every command that changes a store: plan → confirm → lock → plan again → apply → verify.

A command supplies a Change: what its plan is made of, what forbids it, and what proves that it succeeded.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from kinetune.commands.observer import SILENT, Observer
from kinetune.model.change import AppliedStatement, ChangeResult, SavedBackup
from kinetune.model.failure import Refused

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.script import Script


@dataclass(frozen=True)
class Question:
    """What the user is asked before a change. `answer` is the word to type, empty for yes or no."""

    text: str
    option: str
    """What answers it on the command line, such as `--yes`."""
    answer: str = ""


Confirm = Callable[[Question], None]
"""Raises Refused unless the user agrees."""


def confirm_always(_: Question) -> None:
    """For callers that have decided already: tests, benchmarks, `kinetune demo`."""


class Plan(Protocol):
    """What every plan has: where it applies, and the statements."""

    @property
    def endpoint(self) -> Endpoint: ...
    @property
    def script(self) -> Script: ...


PlanT = TypeVar("PlanT", bound=Plan)
OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True)
class Change(ABC, Generic[PlanT, OptionsT]):
    """What a command supplies to `apply_change`, which calls the methods in the order in which they are listed."""

    command: ClassVar[str]
    """Names the sessions on the server: kinetune/<command>."""
    follows_builds: ClassVar[bool] = False
    """Whether a second session may show the progress of index builds: not in a database that is being dropped."""

    plan: PlanT
    options: OptionsT
    observer: Observer = SILENT

    @abstractmethod
    def check_allowed(self) -> None:
        """Raise a Failure where a privilege is missing or a hazard is not allowed: before the user is asked."""

    def find_backup(self) -> SavedBackup | None:
        """The copy that an interrupted run has made already. Raises UsageFailure where none can be made."""
        return None

    @abstractmethod
    def question(self) -> Question:
        """What the user has to confirm."""

    def make_backup(self) -> SavedBackup | None:
        """A copy, before anything is changed."""
        return None

    @contextlib.contextmanager
    def open_maintenance(self) -> Iterator[Session | None]:
        """
        A session for the steps outside the store's database. None where another program has created the database
        meanwhile: it is used as it is.
        """
        from kinetune.database.observe import open_store

        with open_store(self.plan.endpoint, self.command, write=True) as (session, facts):
            self.check_session(session)
            yield None if facts.database_exists else session

    def check_session(self, session: Session) -> None:
        """Raise Refused where this node would not do what the plan says. It is called in the session that changes."""

    @abstractmethod
    def plan_again(self, session: Session) -> Script:
        """The steps inside the database as they are needed now, under the lock."""

    def check_idle(self, session: Session) -> None:
        """Raise Refused where Kine has to be stopped and is not."""

    def apply(self, session: Session, runner: Runner) -> None:
        """Run the confirmed steps inside the database, which have just been planned again."""
        runner.run(session, self.plan.script.database_script())

    @abstractmethod
    def verify(self) -> None:
        """Raise CouldNotLook where a new session does not find the store as planned. The lock has been released."""


@dataclass
class Runner:
    """Runs scripts, shows their progress and keeps what was applied."""

    observer: Observer
    followed: Endpoint | None
    applied: list[AppliedStatement] = field(default_factory=list)

    def run(self, session: Session, script: Script, plan_rest: Callable[[], Script] | None = None) -> None:
        """`plan_rest` finds what is left to do where an error does not say whether its statement took effect."""
        from kinetune.database.apply import ScriptRunner

        if not script:
            return
        with self.observer.statements(script, self.followed) as report:
            # The runner reports a long statement several times; it counts as applied when its share is complete.
            def record(statement: AppliedStatement) -> None:
                if statement.share == 1:
                    self.applied.append(statement)
                report(statement)

            ScriptRunner(session, record, plan_rest).run_script(script)


def apply_change(change: Change[PlanT, OptionsT], confirm: Confirm = confirm_always) -> ChangeResult:
    """
    Confirm, lock, plan again, apply, verify. The plan must have steps.

    Nothing is changed where check_allowed or confirm raise, or where the store is no longer as it was when the plan
    was made. If a statement fails, the ones before it stay applied, and the next run continues from there.
    """
    change.check_allowed()
    backup = change.find_backup()  # before the question: a file that cannot be used is an error of the command line
    confirm(change.question())
    started = time.monotonic()  # without the time that the user needs to decide
    backup = backup or change.make_backup()
    runner = Runner(change.observer, change.plan.endpoint if change.follows_builds else None)
    _apply_outside(change, runner)
    _apply_inside(change, runner)
    change.verify()
    return ChangeResult(tuple(runner.applied), time.monotonic() - started, backup)


def _apply_outside(change: Change[PlanT, OptionsT], runner: Runner) -> None:
    """Create or drop the database, which cannot be done from within it."""
    # Without kinetune's lock: it holds within one database only, and this one does not exist yet or is about to go.
    # Of two kinetunes that create or drop the same database, the server lets one succeed.
    if script := change.plan.script.maintenance_script():
        with change.open_maintenance() as session:
            if session is not None:
                runner.run(session, script)


def _apply_inside(change: Change[PlanT, OptionsT], runner: Runner) -> None:
    from kinetune.database.lock import exclusive_lock
    from kinetune.database.session import open_session

    planned = change.plan.script.database_script()
    if not planned:
        return
    with open_session(change.plan.endpoint, change.command, write=True) as session:
        change.check_session(session)
        with exclusive_lock(session):
            # While the user read the plan, Kine, an administrator or another kinetune may have changed the store. Only
            # statements that were confirmed are ever run.
            if change.plan_again(session).steps != planned.steps:
                raise Refused("the store has changed since the plan was made", "run again to see the new plan")
            change.check_idle(session)
            change.apply(session, runner)
