"""
Runs a script of changes: one statement at a time, with retries.

Where DDL is transactional, a failed statement has changed nothing and is sent again. On YugabyteDB a failed statement
may have taken effect (docs/facts/recorded.md §3), so the store is observed and planned again before the next statement.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from kinetune.database.session import Reaction, Session, classify_exception, failure_from
from kinetune.model.change import AppliedStatement
from kinetune.model.failure import CouldNotLook
from kinetune.model.script import Script, Step

LOCK_TIMEOUT_MS = 50
"""
While a statement waits for a strong lock, every write of Kine queues behind it. So it waits briefly and is sent again
after a pause in which the writes pass.
"""
RETRY_SECONDS = 120.0
MAX_REPLANS = 40
"""After an error a new table is built from the start. Without a limit, one that always fails would never end."""
DUPLICATE_DATABASE = "42P04"
"""At a second try it means success: the first try created the database before its connection was lost."""


StatementObserver = Callable[[AppliedStatement], None]


class _OutcomeUnknown(Exception):
    """A statement failed, but it may have taken effect."""


@dataclass(frozen=True)
class ScriptRunner:
    """
    Runs scripts in a writing session (under `exclusive_lock`) and calls `watch` after each finished statement.

    `remaining` observes the store again and returns the script for what is not done yet. Without transactional DDL it
    is called after each error, before another statement is sent. A failed online build leaves an invalid index, which
    the new script drops.
    """

    session: Session
    watch: StatementObserver = lambda _: None
    remaining: Callable[[], Script] | None = None

    def run_script(self, script: Script) -> None:
        """
        Run every step in order. Raises Failure for the first statement that fails.

        Finished statements stay: the next run observes the store and plans the rest.
        """
        todo, deadline, attempt = script, time.monotonic() + RETRY_SECONDS, 1
        for looks in itertools.count():
            finished = 0
            try:
                # After a new plan with fewer steps, positions continue so that the progress ends at the number of steps
                # of the first plan.
                for position, step in enumerate(todo.steps, 1 + max(len(script.steps) - len(todo.steps), 0)):
                    self._run_step(position, step)
                    finished += 1
                return
            except _OutcomeUnknown as error:
                if looks >= MAX_REPLANS:
                    raise failure_from(_database_error(error)) from error
                if finished:  # progress was made: the time limit is for one statement that keeps failing
                    deadline, attempt = time.monotonic() + RETRY_SECONDS, 1
                todo = self._plan_again(error, deadline, attempt)
                attempt += 1

    def _plan_again(self, error: _OutcomeUnknown, deadline: float, attempt: int) -> Script:
        """The rest of the work. Observing may meet the same catalog change as the statement, so it is retried too."""
        assert self.remaining is not None
        while time.monotonic() < deadline:
            back_off(attempt)
            try:
                return self.remaining()
            except CouldNotLook as failure:
                if classify_exception(failure.__cause__) is not Reaction.RETRY:
                    raise
            attempt += 1
        raise failure_from(_database_error(error)) from error

    def _run_step(self, position: int, step: Step) -> None:
        if step.atomic:
            self._run_atomic(position, step)
        else:
            for statement in step.statements:
                (self._run_generated if step.unfolds else self._run_single)(position, step, statement)

    def _run_single(self, position: int, step: Step, statement: str) -> None:
        # An online build waits for other transactions without blocking them, so it needs no lock_timeout. If a timeout
        # ended it, it would leave an invalid index.
        online = "CONCURRENTLY" in statement.split("NONCONCURRENTLY")[0]
        self.session.set_parameter("lock_timeout", "0" if online else f"{LOCK_TIMEOUT_MS}ms")
        started = time.monotonic()
        tries = self._run_with_retry(lambda: self.session.connection.execute(statement.encode()), again=not online)
        self.watch(AppliedStatement(step, position, statement, tries, time.monotonic() - started))

    def _run_generated(self, position: int, step: Step, question: str) -> None:
        """Each row of the query is a statement with its own transaction; it may be sent twice without harm."""
        started, tries = time.monotonic(), 0
        parts: list[str] = []
        # All statements are generated before the first one runs, because the query reads the table that they fill.
        _retry(lambda: parts.extend(self._generated_statements(question)), again=True)
        for number, text in enumerate(parts, 1):
            tries += _retry(lambda text=text: self.session.connection.execute(text.encode()), again=True)  # type: ignore[misc]
            if number < len(parts):
                # `tries` counts all tries of all statements; one try for each of them is normal and not reported as a
                # retry.
                so_far = AppliedStatement(step, position, question, tries - number + 1, time.monotonic() - started)
                self.watch(replace(so_far, share=number / len(parts)))
        self.watch(AppliedStatement(step, position, question, tries - len(parts) + 1, time.monotonic() - started))

    def _generated_statements(self, question: str) -> list[str]:
        return [text for row in self.session.query_untranslated(question) for text in row.values()]

    def _run_atomic(self, position: int, step: Step) -> None:
        """All statements of a step in one transaction: a failed try changes nothing."""
        self.session.set_parameter("lock_timeout", f"{LOCK_TIMEOUT_MS}ms")
        started = time.monotonic()
        tries = _retry(lambda: self._transaction(step), again=True)
        for statement in step.statements:
            self.watch(AppliedStatement(step, position, statement, tries, time.monotonic() - started))

    def _transaction(self, step: Step) -> None:
        with self.session.connection.transaction():
            for statement in step.statements:
                self.session.connection.execute(statement.encode())

    def _run_with_retry(self, run: Callable[[], object], *, again: bool) -> int:
        """
        The number of tries. Where DDL is transactional, the statement is sent again after an error.

        YugabyteDB 2026.1 has transactional DDL, but its online index build is not a transaction, and no keyword in the
        statement distinguishes it. So both capabilities are required.
        """
        server = self.session.server
        if self.remaining is None or (server.can("transactional_ddl") and server.can("index_concurrently")):
            return _retry(run, again=again)
        try:
            run()
        except psycopg.Error as error:
            if classify_exception(error) is Reaction.RETRY:
                raise _OutcomeUnknown from error
            raise failure_from(error) from error
        return 1


def _database_error(error: _OutcomeUnknown) -> psycopg.Error:
    assert isinstance(error.__cause__, psycopg.Error)
    return error.__cause__


def analyze_table(session: Session) -> int:
    """
    ANALYZE kine, and the planner's estimate of its rows afterwards.

    Without the privilege, or if the lock is not free, the server only sends a warning: it is raised as CouldNotLook.
    """
    warnings: list[str] = []
    session.connection.add_notice_handler(
        lambda notice: warnings.append(notice.message_primary or "") if notice.sqlstate in ("42501", "01000") else None
    )
    session.execute_repeatable(sql.SQL("ANALYZE kine").format())
    if skipped := [warning for warning in warnings if "skipping" in warning or "only" in warning]:
        raise CouldNotLook(f"kine was not analysed: {skipped[0]}", "connect as the owner of the table kine")
    (found,) = session.query_file("relation")
    # reltuples is -1 for a table that was never analysed.
    return max(int(found["rows"]), 0)


def back_off(attempt: int) -> None:
    """
    Sleep 25 ms · 2^attempt, at most 2 s, minus a random part of up to a half: two clients that collided would otherwise
    collide again (docs/facts/yugabytedb.md §6.3).
    """
    time.sleep(min(0.025 * 2**attempt, 2.0) * random.uniform(0.5, 1.0))


def _retry(run: Callable[[], object], *, again: bool) -> int:
    """The number of tries. The pauses between them let waiting writes of Kine pass."""
    deadline = time.monotonic() + RETRY_SECONDS
    for attempt in range(1, 10_000):
        try:
            run()
            return attempt
        except psycopg.Error as error:
            # Only after a retry: at the first try, another client has created the database, and the user should know.
            if attempt > 1 and error.sqlstate == DUPLICATE_DATABASE:
                return attempt
            if not again or classify_exception(error) is not Reaction.RETRY or time.monotonic() > deadline:
                raise failure_from(error) from error
        # The pause has reached its maximum by then; a larger exponent would only overflow.
        back_off(min(attempt, 10))
    raise AssertionError("unreachable")
