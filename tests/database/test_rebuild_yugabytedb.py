"""
The same on a cluster: KINETUNE_TEST_YB_DSN names one whose databases may be made and dropped.

Written against the recordings (data/yugabytedb), to be run before each release.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import Any, Self

import psycopg
import pytest

from kinetune.database import kine_stopped
from kinetune.database.apply import ScriptRunner
from kinetune.database.lock import exclusive_lock
from kinetune.database.observe import observe_store
from kinetune.database.session import Row, Session, open_session
from kinetune.kine.releases import newest_era
from kinetune.model.facts import Order
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Script
from kinetune.tuning import copying
from kinetune.tuning.copying import plan_old_table_drop
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import build_target
from tests.database.rebuilding import next_id
from tests.database.stores import STOCK, ask, content, make, place, schema

DSN = os.environ.get("KINETUNE_TEST_YB_DSN", "")
pytestmark = [
    pytest.mark.yugabytedb,
    pytest.mark.skipif(not DSN, reason="YugabyteDB is in no package registry: KINETUNE_TEST_YB_DSN"),
]
FORK = """
CREATE SEQUENCE IF NOT EXISTS kine_seq CACHE 1;
CREATE TABLE IF NOT EXISTS kine (id INTEGER DEFAULT nextval('kine_seq'), name VARCHAR(630), created INTEGER,
    deleted INTEGER, create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value bytea, old_value bytea,
    PRIMARY KEY (id ASC));
CREATE INDEX IF NOT EXISTS kine_name_index ON kine (name);
CREATE UNIQUE INDEX IF NOT EXISTS kine_name_prev_revision_uindex ON kine (name ASC, prev_revision ASC) INCLUDE (id);
"""
"""data/yugabytedb/ddl/fork_create.json."""
STORES = {"stock": STOCK, "fork": FORK}


class _Lost(Exception):
    """The client is gone; what it had sent last has taken effect."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BATCH", 300)
    monkeypatch.setattr(kine_stopped, "OBSERVE_SECONDS", 0.5)


@contextlib.contextmanager
def store(ddl: str, objects: int = 300) -> Iterator[str]:
    name = f"kt{uuid.uuid4().hex[:8]}"
    dsn = f"{DSN.rpartition('/')[0]}/{name}"
    ask(DSN, f"CREATE DATABASE {name}")
    try:
        make(dsn, ddl, objects)
        yield dsn
    finally:
        ask(DSN, f"DROP DATABASE {name}")


def left(session: Session) -> Script:
    return plan_changes(observe_store(session), build_target("tuned", session.server, newest_era()))


def run(dsn: str, lost_after: int = 0) -> bool:
    """To the end, or until the client is gone after so many changes; whether it came so far."""
    turns = [lost_after]

    class Cut(psycopg.Cursor[Row]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Self:
            done = super().execute(query, *arguments, **options)
            text = query.decode() if isinstance(query, bytes) else ""
            if text and not text.startswith(("SELECT format", "SELECT CASE", "SELECT MAX", "--", "SELECT pg_")):
                turns[0] -= 1
                if turns[0] == 0:
                    self.connection.close()
                    raise _Lost
            return done

    with (
        contextlib.suppress(_Lost, CouldNotLook),
        open_session(place(dsn), "test", write=True) as session,
        exclusive_lock(session),
    ):
        todo = left(session)
        session.connection.cursor_factory = Cut
        ScriptRunner(session, remaining=lambda: left(session)).run_script(todo)
        return False
    return True


def psycopg_cursor() -> Any:
    import psycopg

    return psycopg.Cursor[Row]


def is_right(dsn: str, rows: object) -> None:
    assert content(dsn) == rows
    seen = schema(dsn)
    assert seen.primary_key is not None
    assert seen.primary_key.constraint == "kine_pkey"
    assert seen.primary_key.index.keys[0].order is Order.ASC
    assert seen.sequence is not None
    assert (seen.sequence.name, seen.sequence.owned_by) == ("kine_id_seq", ("kine", "id"))
    with open_session(place(dsn), "test") as session:
        assert {seen.index.name for seen in seen.indexes} == {
            index.name for index in build_target("tuned", session.server, newest_era()).indexes
        }
        # Where the cluster's flag is above 1 the sequence's cache stays as the flag has it.
        assert all("kine_id_seq" in step.does for step in left(session).steps)
    (last,) = ask(dsn, "SELECT max(id) FROM kine")[0]
    assert next_id(dsn) > last


@pytest.mark.parametrize("name", STORES)
def test_a_store_is_brought_over_row_for_row(name: str) -> None:
    with store(STORES[name]) as dsn:
        rows = content(dsn)
        assert not run(dsn)
        is_right(dsn, rows)
        with open_session(place(dsn), "test", write=True) as session, exclusive_lock(session):
            ScriptRunner(session).run_script(plan_old_table_drop(observe_store(session), "tuned"))
        relations = {name for (name,) in ask(dsn, "SELECT relname FROM pg_class WHERE relname ~ '^kine'")}
        assert not {name for name in relations if "before_init" in name or "new_" in name or name == "kine_seq"}


@pytest.mark.parametrize("name", STORES)
def test_a_client_that_is_lost_at_any_statement_is_followed_by_one_that_finishes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One store, and one run after the other: each is lost after one more statement than it needs to get on."""
    monkeypatch.setattr("kinetune.database.lock.STALE_SECONDS", 1)
    with store(STORES[name]) as dsn:
        rows, runs = content(dsn), 0
        while run(dsn, lost_after=3):
            runs += 1
            assert runs < 60
        assert runs > 8
        assert not run(dsn)
        is_right(dsn, rows)


def test_while_a_client_without_a_name_is_connected_to_any_node_it_is_refused() -> None:
    with store(STOCK, 1) as dsn, open_session(place(dsn), "test") as session:
        kine_stopped.require_kine_stopped(session)
        import psycopg

        with psycopg.connect(**place(dsn).libpq()), pytest.raises(Refused, match="client without a name"):
            kine_stopped.require_kine_stopped(session)


def test_a_store_of_fifty_thousand_rows_is_brought_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BATCH", 5_000)
    with store(STOCK, 10_000) as dsn:
        rows = content(dsn)
        assert not run(dsn)
        is_right(dsn, rows)
