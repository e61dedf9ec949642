"""A session whose server process is ended at a chosen moment, by a second connection: what a lost node looks like."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import psycopg
from psycopg.rows import dict_row

from kinetune.database.apply import ScriptRunner
from kinetune.database.lock import exclusive_lock
from kinetune.database.observe import observe_store
from kinetune.database.session import Row, open_session
from kinetune.kine.releases import find_era
from kinetune.model.failure import CouldNotLook
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import build_target
from tests.database.stores import place

HOLDS = {
    "before it is built": "LOCK TABLE kine IN ROW EXCLUSIVE MODE",
    "after it is built": "SELECT count(*) FROM (SELECT 1 FROM kine LIMIT 1) AS one",
}
"""What another session holds on to: a lock, for which a build waits first; a snapshot, for which it waits at last."""


@dataclass
class Turns:
    """Counts the statements of a script down to the one whose turn it is."""

    statements: frozenset[str]
    left: int
    hold: str

    def come(self, query: Any) -> bool:
        text = query.decode() if isinstance(query, bytes) else ""
        if text in self.statements and (not self.hold or "CONCURRENTLY" in text):
            self.left -= 1
            return self.left == 0
        return False


class Cut(psycopg.Cursor[Row]):
    """Cuts its connection after, or during, the statement whose turn it is."""

    turns: ClassVar[Turns]

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Self:
        if not self.turns.come(query):
            return super().execute(query, *arguments, **options)
        if self.turns.hold:
            with _holding(self.connection, self.turns.hold):
                return super().execute(query, *arguments, **options)
        super().execute(query, *arguments, **options)
        terminate(self.connection)
        return self


def cut(dsn: str, profile: str, turn: int, hold: str = "") -> bool:
    """Apply the profile and cut it at that turn; whether that turn came. The failure is told as one."""
    with open_session(place(dsn), "cut", write=True) as session, exclusive_lock(session):
        todo = plan_changes(observe_store(session), build_target(profile, session.server, find_era("E20")))

        class Next(Cut):
            turns = Turns(frozenset(text for step in todo.steps for text in step.statements), turn, hold)

        session.connection.cursor_factory = Next
        try:
            ScriptRunner(session).run_script(todo)
        except CouldNotLook as failure:
            assert "terminating connection" in str(failure) or "connection was lost" in str(failure)  # noqa: PT017
        return Next.turns.left <= 0


@contextmanager
def _holding(connection: psycopg.Connection[Any], hold: str) -> Iterator[None]:
    """Another session holds on; as soon as ours waits for it, ours is ended, and then the other lets go."""
    with psycopg.connect(**place_of(connection)) as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        other.execute(HOLDS[hold])
        end = threading.Thread(target=_terminate_waiting, args=(connection,))
        end.start()
        try:
            yield
        finally:
            end.join()


def _terminate_waiting(connection: psycopg.Connection[Any]) -> None:
    waits = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    with psycopg.connect(**place_of(connection), autocommit=True) as second:
        deadline = time.monotonic() + 10
        while not second.execute(waits, (connection.info.backend_pid,)).fetchone():
            assert time.monotonic() < deadline, "it never waited"
            time.sleep(0.005)
    terminate(connection)


def terminate(connection: psycopg.Connection[Any]) -> None:
    """And wait until it is gone."""
    pid = connection.info.backend_pid
    with psycopg.connect(**place_of(connection), autocommit=True, row_factory=dict_row) as second:
        second.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def place_of(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    info = connection.info
    return {"host": info.host, "port": info.port, "user": info.user, "dbname": info.dbname}
