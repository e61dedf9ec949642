"""`kinetune init` with a rebuild: allowed by name, with Kine stopped; the old table is dropped on request."""

from __future__ import annotations

import subprocess

import pytest

from kinetune.database import kine_stopped
from kinetune.database.session import open_session
from kinetune.model.failure import Refused
from tests.cli.call import call
from tests.database.rebuilding import names, next_id
from tests.database.stores import ask, connection, content, place


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Observe the newest revision only briefly."""
    monkeypatch.setattr(kine_stopped, "OBSERVE_SECONDS", 0.05)


def is_right(dsn: str, rows: object) -> None:
    assert content(dsn) == rows
    (newest,) = ask(dsn, "SELECT max(id) FROM kine")[0]
    assert next_id(dsn) > newest


def test_while_a_client_without_a_name_is_connected_nothing_is_changed(store: str) -> None:
    before = names(store)
    with connection(store) as kine:
        said = call("init", "--rebuild", "--yes", "--allow", "REBUILD", store)
        assert said.status == 4
        assert f"process {kine.info.backend_pid} of a client without a name from" in said.line
    assert names(store) == before


def test_while_the_newest_revision_moves_nothing_is_changed(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: ask(store, "INSERT INTO kine (name) VALUES ('/registry/w')"))
    with (
        open_session(place(store), "test") as session,
        pytest.raises(Refused, match=r"newest revision changed from [\d,]+ to [\d,]+"),
    ):
        kine_stopped.require_kine_stopped(session)


def test_a_rebuild_has_to_be_allowed_by_name_and_may_be_left_out(store: str) -> None:
    before = names(store)
    said = call("init", "--rebuild", "--yes", store)
    assert said.status == 4
    assert "--allow REBUILD, or skip it with --skip REBUILD" in said.line
    assert names(store) == before
    plan = call("init", "--rebuild", "--plan-only", store).out
    assert "The table kine will be rebuilt: about " in plan.replace("\n", " ")
    assert names(store) == before


def test_the_old_table_is_reported_and_dropped_on_request(store: str) -> None:
    rows = content(store)
    assert call("init", "--rebuild", "--yes", "--allow", "REBUILD", store).status == 0
    again = call("init", "--rebuild", store)
    assert "kine_before_init holds the table from before the rebuild" in again.out
    assert "Nothing to do" in again.out
    assert call("init", "--drop-old-table", "--yes", store).status == 0
    assert not [name for name in names(store) if "kinetune" in name or "before" in name]
    again = call("init", "--drop-old-table", store)
    assert again.out.endswith("Nothing to drop: there is no table kine_before_init.\n")
    is_right(store, rows)


@pytest.mark.parametrize(
    "late",
    [
        "",
        # Kine fills the gap that the late row has left, and continues after it.
        "INSERT INTO kine (id, name) SELECT id, 'gap-' || id FROM kine_before_init ORDER BY id DESC LIMIT 1;"
        "INSERT INTO kine (name) VALUES ('/registry/more')",
    ],
)
def test_a_row_written_to_the_old_table_keeps_it(store: str, late: str) -> None:
    call("init", "--rebuild", "--yes", "--allow", "REBUILD", store)
    ask(store, "INSERT INTO kine_before_init (id, name) VALUES (nextval('kine_id_seq'), '/registry/late')")
    if late:
        ask(store, late)
    said = call("init", "--drop-old-table", "--yes", store)
    assert said.status == 4
    cause = "kine_before_init has a row that is missing in kine (KT004)"
    assert f"{cause}; rows were written to it after the exchange" in said.line
    assert "kine_before_init" in names(store)


def test_what_kine_has_compacted_since_keeps_no_former_table(store: str) -> None:
    call("init", "--rebuild", "--yes", "--allow", "REBUILD", store)
    ask(store, "INSERT INTO kine (name) VALUES ('/registry/more')")
    ask(store, "DELETE FROM kine WHERE id <= (SELECT max(id) FROM kine_before_init)")
    assert call("init", "--drop-old-table", "--yes", store).status == 0
    assert "kine_before_init" not in names(store)


def test_drop_old_table_does_nothing_else(store: str) -> None:
    said = call("init", "--drop-old-table", "--rebuild", store)
    assert (said.status, said.line) == (2, "--drop-old-table only drops kine_before_init; run init without it first")


def test_what_is_printed_runs_in_psql_and_does_the_same(store: str) -> None:
    rows = content(store)
    printed = call("init", "--rebuild", "--print", store).out
    subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", store],
        input=printed,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert "Nothing to do" in call("init", "--rebuild", store).out
    is_right(store, rows)
