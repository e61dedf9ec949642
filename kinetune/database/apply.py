"""Runs a script: one change at a time, under a lock, with retries where a lock was not to be had."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from kinetune.database.errors import failure_of, translated
from kinetune.database.session import Session
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Script, Step

LOCK = 7_238_419_002
"""Key of the advisory lock (kinetune's own number; advisory locks hold within one database)."""
WAIT_FOR_OTHER_SECONDS = 10.0
LOCK_TIMEOUT_MS = 50
"""A statement that waits for a strong lock makes every writer behind it wait: give up soon, try again later."""
RETRY_SECONDS = 120.0
RETRYABLE = ("55P03", "40P01", "40001")


@dataclass(frozen=True)
class Done:
    """A finished statement: the step's position (from 1), its number of tries and seconds."""

    step: Step
    position: int
    statement: str
    tries: int
    seconds: float


Watcher = Callable[[Done], None]


@dataclass(frozen=True)
class Apply:
    """Runs scripts in a writing session (under `alone`) and tells `watch` of each finished statement."""

    session: Session
    watch: Watcher = lambda _: None

    def script(self, script: Script) -> None:
        """
        Every step in order. Raises Failure at the first statement that fails.

        What was done stays done; a new look and a new difference go on from there.
        """
        for position, step in enumerate(script.steps, 1):
            if step.atomic:
                self._together(position, step)
            else:
                for statement in step.statements:
                    self._alone(position, step, statement)

    def _alone(self, position: int, step: Step, statement: str) -> None:
        online = (
            "CONCURRENTLY" in statement
        )  # it waits without holding anyone up, and cut short it leaves an invalid index
        self.session.change("lock_timeout", "0" if online else f"{LOCK_TIMEOUT_MS}ms")
        started = time.monotonic()
        tries = _retried(lambda: self.session.connection.execute(statement.encode()), again=not online)
        self.watch(Done(step, position, statement, tries, time.monotonic() - started))

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


def analyze(session: Session) -> int:
    """
    ANALYZE kine; the number of rows that the planner then believes in.

    Without the right the server only warns, as it does for a skipped lock: CouldNotLook says what it said.
    """
    warned: list[str] = []
    session.connection.add_notice_handler(
        lambda said: warned.append(said.message_primary or "") if said.sqlstate in ("42501", "01000") else None
    )
    with translated(session.connection.info.user):
        session.connection.execute("ANALYZE kine")
    if skipped := [said for said in warned if "skipping" in said or "only" in said]:
        raise CouldNotLook(f"nothing was analysed: {skipped[0]}", "connect as the owner of the table kine")
    (found,) = session.ask("relation")
    return max(int(found["rows"]), 0)


@contextlib.contextmanager
def alone(session: Session) -> Iterator[None]:
    """
    Hold kinetune's advisory lock; Refused when another kinetune holds it for longer than ten seconds.

    Polled, not waited for: a waiting session holds a snapshot, for which the other's CREATE INDEX CONCURRENTLY waits.
    """
    if not session.server.can("advisory_lock"):
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


def _retried(run: Callable[[], object], *, again: bool) -> int:
    """How many tries it took. Between them writers get time to pass."""
    deadline = time.monotonic() + RETRY_SECONDS
    for attempt in range(1, 10_000):
        try:
            run()
            return attempt
        except psycopg.Error as error:
            if not again or error.sqlstate not in RETRYABLE or time.monotonic() > deadline:
                raise failure_of(error) from error
        time.sleep(min(0.05 * attempt, 1.0))
    raise AssertionError("unreachable")
