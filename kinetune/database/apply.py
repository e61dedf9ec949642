"""Runs a script: one change at a time, under a lock, with retries where the server asks for them."""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from kinetune.database.errors import Reaction, failure_of, reaction_to
from kinetune.database.lock_row import lock_row
from kinetune.database.session import Session
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Script, Step

LOCK = 7_238_419_002
"""Key of the advisory lock (kinetune's own number; advisory locks hold within one database)."""
WAIT_FOR_OTHER_SECONDS = 10.0
LOCK_TIMEOUT_MS = 50
"""A statement that waits for a strong lock makes every writer behind it wait: give up soon, try again later."""
RETRY_SECONDS = 120.0
MOST_LOOKS = 40
"""A new table is begun anew after an error: without a bound one that always fails would be built for ever."""
ALREADY = "42P04"
"""The database is there: at a second try, the first one had made it."""


@dataclass(frozen=True)
class Done:
    """
    A finished statement: the step's position (from 1), its number of tries and seconds.

    A statement that unfolds is told of after each of its parts; `share` says how far it is, 1 when it is finished.
    """

    step: Step
    position: int
    statement: str
    tries: int
    seconds: float
    share: float = 1.0


Watcher = Callable[[Done], None]


class _LookAgain(Exception):
    """A statement failed, and may have taken effect all the same."""


@dataclass(frozen=True)
class Apply:
    """
    Runs scripts in a writing session (under `alone`) and tells `watch` of each finished statement.

    `left` looks at the store once more and tells what is still to be done. Where no DDL is rolled back, an error says
    nothing of what is there (FINDINGS.md: "after an error, read the catalog again"): there no statement is sent a
    second time before that look. A failed online build then shows as an invalid index, which the new script drops.
    """

    session: Session
    watch: Watcher = lambda _: None
    left: Callable[[], Script] | None = None

    def script(self, script: Script) -> None:
        """
        Every step in order. Raises Failure at the first statement that fails.

        What was done stays done; a new look and a new difference go on from there.
        """
        todo, deadline, attempt = script, time.monotonic() + RETRY_SECONDS, 1
        for looks in itertools.count():
            finished = 0
            try:
                for position, step in enumerate(todo.steps, 1 + max(len(script.steps) - len(todo.steps), 0)):
                    self._step(position, step)
                    finished += 1
                return
            except _LookAgain as error:
                if looks >= MOST_LOOKS:
                    raise failure_of(_cause(error)) from error
                if finished:
                    deadline, attempt = time.monotonic() + RETRY_SECONDS, 1
                todo = self._look_again(error, deadline, attempt)
                attempt += 1

    def _look_again(self, error: _LookAgain, deadline: float, attempt: int) -> Script:
        """What is left. The look may come across the same change of the catalogs, and is then repeated too."""
        assert self.left is not None
        while time.monotonic() < deadline:
            pause(attempt)
            try:
                return self.left()
            except CouldNotLook as failure:
                if reaction_to(failure.__cause__) is not Reaction.RETRY:
                    raise
            attempt += 1
        raise failure_of(_cause(error)) from error

    def _step(self, position: int, step: Step) -> None:
        if step.atomic:
            self._together(position, step)
        else:
            for statement in step.statements:
                (self._unfold if step.unfolds else self._alone)(position, step, statement)

    def _alone(self, position: int, step: Step, statement: str) -> None:
        online = (
            "CONCURRENTLY" in statement.split("NONCONCURRENTLY")[0]
        )  # it waits without holding anyone up, and cut short it leaves an invalid index
        self.session.change("lock_timeout", "0" if online else f"{LOCK_TIMEOUT_MS}ms")
        started = time.monotonic()
        tries = self._tried(lambda: self.session.connection.execute(statement.encode()), again=not online)
        self.watch(Done(step, position, statement, tries, time.monotonic() - started))

    def _unfold(self, position: int, step: Step, question: str) -> None:
        """Each answer is a statement in a transaction of its own, which may be sent twice without harm."""
        started, tries = time.monotonic(), 0
        parts: list[str] = []
        _retried(lambda: parts.extend(self._answers(question)), again=True)
        for number, text in enumerate(parts, 1):
            tries += _retried(lambda text=text: self.session.connection.execute(text.encode()), again=True)  # type: ignore[misc]
            if number < len(parts):
                so_far = Done(step, position, question, tries - number + 1, time.monotonic() - started)
                self.watch(replace(so_far, share=number / len(parts)))
        self.watch(Done(step, position, question, tries - len(parts) + 1, time.monotonic() - started))

    def _answers(self, question: str) -> list[str]:
        return [text for row in self.session.fetched(question) for text in row.values()]

    def _together(self, position: int, step: Step) -> None:
        """All statements of a step in one transaction; a try that fails leaves nothing behind."""
        self.session.change("lock_timeout", f"{LOCK_TIMEOUT_MS}ms")
        started = time.monotonic()
        tries = _retried(lambda: self._transaction(step), again=True)
        for statement in step.statements:
            self.watch(Done(step, position, statement, tries, time.monotonic() - started))

    def _transaction(self, step: Step) -> None:
        with self.session.connection.transaction():
            for statement in step.statements:
                self.session.connection.execute(statement.encode())

    def _tried(self, run: Callable[[], object], *, again: bool) -> int:
        """
        Where DDL is rolled back, an error left nothing behind and the statement is sent again.

        YugabyteDB 2026.1 rolls DDL back, but its online build is no transaction, and no keyword tells which one is.
        """
        server = self.session.server
        if self.left is None or (server.can("transactional_ddl") and server.can("index_concurrently")):
            return _retried(run, again=again)
        try:
            run()
        except psycopg.Error as error:
            if reaction_to(error) is Reaction.RETRY:
                raise _LookAgain from error
            raise failure_of(error) from error
        return 1


def _cause(error: _LookAgain) -> psycopg.Error:
    assert isinstance(error.__cause__, psycopg.Error)
    return error.__cause__


def analyze(session: Session) -> int:
    """
    ANALYZE kine; the number of rows that the planner then believes in.

    Without the right the server only warns, as it does for a skipped lock: CouldNotLook says what it said.
    """
    warned: list[str] = []
    session.connection.add_notice_handler(
        lambda said: warned.append(said.message_primary or "") if said.sqlstate in ("42501", "01000") else None
    )
    session.repeat(sql.SQL("ANALYZE kine").format())
    if skipped := [said for said in warned if "skipping" in said or "only" in said]:
        raise CouldNotLook(f"nothing was analysed: {skipped[0]}", "connect as the owner of the table kine")
    (found,) = session.ask("relation")
    return max(int(found["rows"]), 0)


@contextlib.contextmanager
def alone(session: Session) -> Iterator[None]:
    """
    Hold kinetune's lock; Refused when another kinetune holds it for longer than ten seconds.

    Polled, not waited for: a waiting session holds a snapshot, for which the other's CREATE INDEX CONCURRENTLY waits.
    """
    if not session.server.can("advisory_lock"):
        with lock_row(session, WAIT_FOR_OTHER_SECONDS):
            yield
        return
    deadline = time.monotonic() + WAIT_FOR_OTHER_SECONDS
    while not session.rows("SELECT pg_try_advisory_lock(%s::bigint) AS held", LOCK)[0]["held"]:
        if time.monotonic() > deadline:
            raise Refused("another kinetune is changing this database", f"wait for it to end{_holder(session)}")
        time.sleep(0.2)
    try:
        yield
    finally:
        with contextlib.suppress(psycopg.Error):
            session.connection.execute("SELECT pg_advisory_unlock(%s::bigint)", (LOCK,))


def _holder(session: Session) -> str:
    rows = session.rows(
        "SELECT l.pid FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
        "WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database() "
        "AND (l.classid::bigint << 32) + l.objid::bigint = %s",
        LOCK,
    )
    return f" (server process {rows[0]['pid']})" if rows else ""


def pause(attempt: int) -> None:
    """25 ms · 2^n up to 2 s, less up to half of it by chance, so that two who collided do not collide again (§6.3)."""
    time.sleep(min(0.025 * 2**attempt, 2.0) * random.uniform(0.5, 1.0))


def _retried(run: Callable[[], object], *, again: bool) -> int:
    """How many tries it took. Between them writers get time to pass."""
    deadline = time.monotonic() + RETRY_SECONDS
    for attempt in range(1, 10_000):
        try:
            run()
            return attempt
        except psycopg.Error as error:
            if attempt > 1 and error.sqlstate == ALREADY:
                return attempt
            if not again or reaction_to(error) is not Reaction.RETRY or time.monotonic() > deadline:
                raise failure_of(error) from error
        pause(min(attempt, 10))
    raise AssertionError("unreachable")
