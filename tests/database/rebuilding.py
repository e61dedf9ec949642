"""Rebuilds on a real server: as PostgreSQL is, or with its DDL taken one statement at a time as on YugabyteDB."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import psycopg

from kinetune.database.apply import ScriptRunner, StatementObserver
from kinetune.database.lock import exclusive_lock
from kinetune.database.observe import observe_store
from kinetune.database.session import Row, Session, open_session
from kinetune.kine.releases import newest_era
from kinetune.model.failure import CouldNotLook
from kinetune.model.script import Script
from kinetune.tuning.copying import plan_old_table_drop
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import build_target
from kinetune.tuning.rebuild import RebuildOptions
from tests.database.cut import terminate
from tests.database.stores import ask, place

ASKED = RebuildOptions(forced=True)
WHOLE: frozenset[str] = frozenset()
SINGLE = frozenset({"transactional_ddl", "rename_sequence", "lock_table"})
"""What a server without transactional DDL cannot do: each statement stands alone."""


@dataclass(frozen=True)
class Way:
    """What is asked for, and what the server is said not to be able to do."""

    rebuild: RebuildOptions = ASKED
    cannot: frozenset[str] = WHOLE


@contextlib.contextmanager
def at(dsn: str, way: Way) -> Iterator[Session]:
    with open_session(place(dsn), "test", write=True) as session, exclusive_lock(session):
        server = session.server
        yield replace(session, server=replace(server, capabilities=server.capabilities - way.cannot))


def script(session: Session, way: Way) -> Script:
    return plan_changes(observe_store(session), build_target("tuned", session.server, newest_era()), way.rebuild)


def rebuild(dsn: str, way: Way | None = None, watch: StatementObserver = lambda _: None) -> Script:
    """To the end; what was done."""
    way = way or Way()
    with at(dsn, way) as session:
        todo = script(session, way)
        ScriptRunner(session, watch, lambda: script(session, way)).run_script(todo)
        assert not script(session, way)
    return todo


def end(dsn: str) -> None:
    """`init --drop-old-table`."""
    with at(dsn, Way()) as session:
        ScriptRunner(session).run_script(plan_old_table_drop(observe_store(session), "tuned"))


class Cut(psycopg.Cursor[Row]):
    """Cuts its connection after the change whose turn it is; a question is none, but for setval."""

    left: ClassVar[int]

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Self:
        text = query.decode() if isinstance(query, bytes) else ""
        done = super().execute(query, *arguments, **options)
        if text and not text.startswith(("SELECT format", "SELECT CASE", "SELECT MAX", "--", "SELECT pg_")):
            type(self).left -= 1
            if type(self).left == 0:
                terminate(self.connection)
        return done


def cut(dsn: str, way: Way, turn: int) -> bool:
    """Rebuild, and cut the connection after that change; whether it came so far."""

    class Next(Cut):
        left = turn

    with contextlib.suppress(CouldNotLook), at(dsn, way) as session:
        todo = script(session, way)
        session.connection.cursor_factory = Next
        ScriptRunner(session).run_script(todo)
    return Next.left <= 0


def changes(dsn: str, way: Way) -> list[str]:
    """Every change that a rebuild sends, in order: its statements, with those that it unfolds."""
    sent: list[str] = []

    class Noted(psycopg.Cursor[Row]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Self:
            text = query.decode() if isinstance(query, bytes) else ""
            if text and not text.startswith(("SELECT format", "SELECT CASE", "SELECT MAX", "--", "SELECT pg_")):
                sent.append(text)
            return super().execute(query, *arguments, **options)

    with at(dsn, way) as session:
        todo = script(session, way)
        session.connection.cursor_factory = Noted
        ScriptRunner(session).run_script(todo)
    return sent


def names(dsn: str) -> list[str]:
    """Every relation of kine's and of kinetune's."""
    question = "SELECT relname FROM pg_class WHERE relname ~ '^kine' AND relkind IN ('r', 'i', 'S') ORDER BY 1"
    return [name for (name,) in ask(dsn, question)]


def next_id(dsn: str) -> int:
    """As Kine draws it."""
    (found,) = ask(dsn, "INSERT INTO kine (name, prev_revision) VALUES ('/registry/next', -1) RETURNING id")[0]
    return int(found)


__all__ = [
    "ASKED",
    "SINGLE",
    "WHOLE",
    "Way",
    "at",
    "changes",
    "cut",
    "end",
    "names",
    "next_id",
    "rebuild",
    "script",
]
