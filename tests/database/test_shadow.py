"""Writes are explained on a copy that was never there: no row, no schema, no id of Kine's is used."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from kinetune.commands.explain import ExplainOptions, explain_store
from kinetune.database.copies import SHADOW_SCHEMA, shadow_copy
from kinetune.database.explain import MeasureOptions, measure_calls, sample_store
from kinetune.database.session import open_session
from kinetune.kine.queries import build_calls, load_catalogue
from kinetune.kine.releases import ERAS, EraInUse, find_era
from kinetune.model.failure import CouldNotLook
from tests.database.stores import OLD, RENAMED, STOCK, ask, connection, content, make, place, reach

RECORDED = [era.name for era in ERAS if era.catalogue == era.name]
COMMAND = [sys.executable, "-c", "from kinetune.cli.main import main; main()", "explain", "--writes", "--runs", "500"]


def state(dsn: str) -> tuple[object, ...]:
    """All that a write could leave: rows, the sequence, schemas, tables."""
    return (
        content(dsn),
        ask(dsn, "SELECT last_value, is_called FROM kine_id_seq"),
        ask(dsn, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1"),
        ask(dsn, "SELECT oid FROM pg_class WHERE oid >= 16384 ORDER BY 1"),
    )


@pytest.mark.parametrize("era", RECORDED)
def test_every_write_of_every_era_is_explained_and_leaves_nothing(database: str, era: str) -> None:
    make(database, STOCK, 200)
    before = state(database)
    explained = explain_store(place(database), ExplainOptions(EraInUse(find_era(era), "said"), runs=2, copy_rows=500))
    writes = {one.call.scenario: one for one in explained.calls if one.call.writes}
    assert set(writes) == {"create", "fill", "compact", "update-compact"}
    assert {name: one.failed for name, one in writes.items()} == dict.fromkeys(writes, "")
    assert all((one.wal_bytes or 0) > 0 for name, one in writes.items() if name in ("create", "fill"))
    assert state(database) == before


@pytest.mark.parametrize("schema", ["stock", "tuned", "old", "other schema"])
def test_the_shadow_is_the_table_with_its_newest_rows_and_all_its_indexes(database: str, schema: str) -> None:
    dsn = database
    if schema == "other schema":
        ask(database, 'CREATE SCHEMA "My ""Kine"')
        dsn = f"{database}?search_path=%22My%20%22%22Kine%22"
    make(dsn, OLD if schema == "old" else STOCK, 200)
    ask(dsn, "CREATE INDEX mine ON kine (lower(name)) WHERE name LIKE '{%}'")
    if schema == "tuned":
        reach(dsn, "tuned")
    names = (
        "SELECT indexname, regexp_replace(indexdef, ' ON .* USING', ' USING') AS definition "
        "FROM pg_indexes WHERE schemaname = {} ORDER BY 1"
    )
    here = ask(dsn, names.format("current_schema()"))
    before = ask(dsn, "SELECT last_value, is_called FROM kine_id_seq")
    with open_session(place(dsn), "test", write=True) as session, shadow_copy(session, 100):
        assert [tuple(row.values()) for row in session.query(names.format(f"'{SHADOW_SCHEMA}'"))] == here
        (row,) = session.query("SELECT count(*) AS rows, min(id) AS first, max(id) AS last FROM kine")
        assert (row["rows"], row["first"], row["last"]) == (100, 1002, 1101)
        assert session.query("INSERT INTO kine (name) VALUES ('x') RETURNING id") == [{"id": 1102}]
        assert session.query("SELECT reltuples::int AS n FROM pg_class WHERE oid = 'kine'::regclass") == [{"n": 100}]
    assert ask(dsn, "SELECT last_value, is_called FROM kine_id_seq") == before
    assert ask(dsn, "SELECT count(*), max(id) FROM kine") == [(1101, 1101)]


@pytest.mark.parametrize("ddl", [RENAMED, STOCK])
def test_a_shadow_of_an_empty_table_takes_writes_too(database: str, ddl: str) -> None:
    make(database, ddl)
    with open_session(place(database), "test", write=True) as session, shadow_copy(session, 100):
        assert session.query("INSERT INTO kine (name) VALUES ('x') RETURNING id")[0]["id"] in (1, 2)
    assert ask(database, "SELECT count(*) FROM kine") == [(0,)]


def test_a_write_is_explained_as_if_the_one_before_had_not_been(database: str) -> None:
    make(database, STOCK, 100)
    with open_session(place(database), "test", write=True) as session, shadow_copy(session, 200):
        create = next(
            call for call in build_calls(load_catalogue("E20"), sample_store(session)) if call.scenario == "create"
        )
        (recording,) = measure_calls(session, [create], MeasureOptions(runs=5))
        assert (recording.failed, len(recording.custom)) == ("", 5)
        assert "WAL Bytes" in json.dumps(recording.custom)
        assert session.query("SELECT count(*) AS n FROM kine") == [{"n": 200}]


def test_whatever_happens_within_the_shadow_is_gone(database: str) -> None:
    make(database, STOCK, 20)
    before = state(database)
    with (
        pytest.raises(ZeroDivisionError),
        open_session(place(database), "test", write=True) as session,
        shadow_copy(session, 10),
    ):
        raise ZeroDivisionError
    assert state(database) == before


def test_a_reading_session_gets_no_shadow(database: str) -> None:
    make(database, STOCK, 20)
    with (
        open_session(place(database), "test") as session,
        pytest.raises(CouldNotLook, match="25006"),
        shadow_copy(session, 10),
    ):
        pass


def test_a_schema_of_the_users_own_of_that_name_is_not_touched(database: str) -> None:
    make(database, STOCK, 20)
    ask(database, f"CREATE SCHEMA {SHADOW_SCHEMA}")
    ask(database, f"CREATE TABLE {SHADOW_SCHEMA}.kine (mine integer)")
    before = state(database)
    with (
        open_session(place(database), "test", write=True) as session,
        pytest.raises(CouldNotLook, match="already exists"),
        shadow_copy(session, 10),
    ):
        pass
    assert state(database) == before


@pytest.mark.parametrize("moment", ["while the shadow is made", "while a write is explained"])
def test_killed_in_the_middle_it_leaves_nothing_either(database: str, moment: str) -> None:
    make(database, STOCK, 4000)
    before = state(database)
    mark = (
        '%INTO "kinetune_shadow".kine SELECT%'
        if moment == "while the shadow is made"
        else "%EXPLAIN%ANALYZE%kinetune_call%gap-%"
    )
    for _ in range(5):  # a moment of milliseconds may pass unseen on a busy machine
        process = subprocess.Popen(
            [*COMMAND, "--rows", "20000", "--query", "fill", database],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            if seen_working(database, mark, process):
                break
        finally:
            process.kill()
            process.wait()
    else:
        pytest.fail("it was never seen at work")
    gone(database)
    assert state(database) == before


def seen_working(dsn: str, mark: str, process: subprocess.Popen[bytes]) -> bool:
    """False where it ended before anybody saw it."""
    question = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'kinetune/explain' AND query LIKE %s"
    with connection(dsn) as watcher:
        while not watcher.execute(question, (mark,)).fetchone():
            if process.poll() is not None:
                return False
            time.sleep(0.002)
    return True


def gone(dsn: str) -> None:
    """The server notices a dead client at its next word to it."""
    deadline = time.monotonic() + 20
    while ask(dsn, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'kinetune/explain'"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
