"""What a store holds, who uses it, and when it was last written to: only what was observed."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kinetune.database import holdings as module
from kinetune.database.holdings import list_holdings, observe_holdings
from kinetune.database.observe import observe_store
from kinetune.database.session import open_session
from kinetune.model.holdings import Holdings, RowCount
from kinetune.model.unknown import Unknown
from kinetune.tuning.removal import find_drop_hazards
from tests.cluster import DEBIAN_15, Cluster, MissingServer
from tests.conftest import absent
from tests.database.stores import RENAMED, STOCK, ask, connection, make, place


def seen(dsn: str, seconds: float = 0.1) -> Holdings:
    return observe_holdings(place(dsn), "test", seconds, lambda _: None)


def test_rows_and_live_keys_are_counted(database: str) -> None:
    make(database, STOCK, 100)
    held = seen(database)
    assert (held.rows, held.live) == (RowCount(601), RowCount(99))  # 100 objects, two of them deleted, and a lease
    assert held.bytes
    assert held.watched is not None
    assert held.watched.wrote == ""
    assert isinstance(held.watched.written_at, Unknown)
    assert "track_commit_timestamp is off" in held.watched.written_at.reason


def test_what_takes_too_long_to_count_is_about_so_many(database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make(database15, STOCK, 2000)
    ask(database15, "ANALYZE kine")
    monkeypatch.setattr(module, "COUNT_SECONDS", 0.001)
    held = seen(database15)
    assert held.rows == RowCount(10_101, exact=False)
    assert isinstance(held.live, RowCount)
    assert not held.live.exact
    assert held.live.number == pytest.approx(1961, rel=0.1)
    assert str(held.rows) == "about 10,101"


def test_an_empty_store_and_none_at_all(database: str) -> None:
    assert (seen(database).rows, seen(database).watched) == (None, None)
    make(database, STOCK)
    held = seen(database)
    assert (held.rows, held.live) == (RowCount(0), RowCount(0))
    assert not list(find_drop_hazards(held, database=False))


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("INSERT INTO kine (name) VALUES ('/registry/w')", "the newest revision changed from "),
        ("SELECT nextval('kine_id_seq')", "the sequence changed from "),
    ],
)
def test_a_write_while_it_is_watched_is_told(database: str, statement: str, told: str) -> None:
    make(database, STOCK, 20)
    writer = threading.Timer(0.3, ask, (database, statement))
    writer.start()
    held = seen(database, 5)
    writer.join()
    assert held.watched is not None
    assert held.watched.wrote.startswith(told)
    assert held.watched.seconds < 5
    assert [hazard for hazard, _ in find_drop_hazards(held, database=False)][-1] == "RECENT_WRITES"


def test_a_compaction_counts_as_a_write(database: str) -> None:
    make(database, STOCK, 20)
    writer = threading.Timer(0.3, ask, (database, "DELETE FROM kine WHERE id < 10"))
    writer.start()
    held = seen(database, 5)
    writer.join()
    assert held.watched is not None
    assert held.watched.wrote == "9 rows were changed or deleted"


@pytest.mark.parametrize(
    ("statement", "application", "why"),
    [
        ("LOCK TABLE kine IN ACCESS SHARE MODE", "psql", "holds a lock on kine"),
        ("SELECT 1", "", "has no application_name, as Kine by default"),
        ("SELECT 1", "kine-server", "has an application_name like Kine's"),
        ("SELECT 1", "psql", ""),
    ],
)
def test_who_else_is_connected_is_told_with_what_was_seen(
    database: str, statement: str, application: str, why: str
) -> None:
    make(database, STOCK, 20)
    with connection(database) as other:
        other.execute("SELECT set_config('application_name', %s, false)", (application,))
        other.execute("BEGIN")
        other.execute(statement.encode())
        (user,) = [user for user in seen(database).users if user.pid == other.info.backend_pid]
    assert (user.application, user.why) == (application, why)


def test_a_session_that_has_read_kine_is_told_and_not_what_it_read(database: str) -> None:
    make(database, STOCK, 20)
    with connection(database) as other:
        other.execute("SET application_name = 'report'")
        other.execute("SELECT count(*) FROM kine WHERE name = 'hunter2'")
        (user,) = [user for user in seen(database).users if user.pid == other.info.backend_pid]
    assert user.why == "last sent a statement on kine"


def test_a_session_that_cannot_be_looked_into_is_told(database15: str) -> None:
    make(database15, STOCK, 20)
    role = f"poor_{uuid.uuid4().hex[:8]}"
    ask(database15, f"CREATE ROLE {role} LOGIN")
    ask(database15, f"GRANT SELECT ON kine, kine_id_seq TO {role}")
    with connection(database15) as other:
        other.execute("SET application_name = 'psql'")
        held = seen(database15.replace("postgres@", f"{role}@"))
        (user,) = [user for user in held.users if user.pid == other.info.backend_pid]
    assert user.why == "is hidden from this role (GRANT pg_read_all_stats shows it)"
    assert not held.facts.role.owns_table
    ask(database15, f"DROP OWNED BY {role}")
    ask(database15, f"DROP ROLE {role}")


def test_leftovers_dependants_and_others_are_told_apart(database: str) -> None:
    make(database, RENAMED, 20)
    for statement in (
        "CREATE TABLE kine_before_init (id int)",
        "CREATE SCHEMA kinetune_shadow",
        "CREATE TABLE kinetune_shadow.kine (id bigserial)",
        "CREATE TABLE kines (id serial)",
        "CREATE TABLE users (id serial)",
        "CREATE SEQUENCE ours",
        "CREATE VIEW keys AS SELECT name FROM kine",
        "CREATE TABLE follower (id bigint REFERENCES kine (id))",
        "CREATE TABLE drawer (id bigint DEFAULT nextval('kine_seq'))",
        "CREATE SCHEMA other",
        "CREATE TABLE other.kine (id bigserial)",
    ):
        ask(database, statement)
    with open_session(place(database), "test") as session:
        held = list_holdings(session, observe_store(session))
    assert {(left.kind, left.schema, left.name) for left in held.leftovers} == {
        ("table", "public", "kine_before_init"),
        ("table", "kinetune_shadow", "kine"),
        ("schema", "kinetune_shadow", "kinetune_shadow"),
    }
    assert [left.kind for left in held.leftovers] == ["table", "table", "schema"]
    assert set(held.others) == {
        "public.kines", "public.users", "public.ours", "public.keys", "public.follower", "public.drawer", "other.kine",
    }  # fmt: skip
    assert held.dependants == (
        "constraint follower_id_fkey on table follower",
        "default value for column id of table drawer",
        "rule _RETURN on view keys",
    )


@pytest.fixture(scope="module")
def timed() -> Iterator[Cluster]:
    """A server that keeps the time of each commit."""
    try:
        cluster = Cluster.start(DEBIAN_15, track_commit_timestamp="on")
    except MissingServer as missing:
        absent(str(missing))
        return
    yield cluster
    cluster.remove()


def test_where_commits_bear_a_time_the_age_of_the_newest_is_known(timed: Cluster) -> None:
    dsn = timed.dsn()
    make(dsn, STOCK, 20)
    time.sleep(1)
    held = seen(dsn)
    assert held.watched is not None
    assert isinstance(held.watched.written_at, datetime)
    assert timedelta(0) < datetime.now(UTC) - held.watched.written_at < timedelta(seconds=30)
    assert held.watched.age is not None
    assert 1 <= held.watched.age < 30
    ((hazard, why),) = find_drop_hazards(held, database=False)
    assert hazard == "RECENT_WRITES"
    assert why.startswith("the newest revision was written ")
