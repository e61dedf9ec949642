"""`kinetune move`: what is refused, with its exit status and the line that the user reads."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kinetune.commands.incoming import copy_source, require_equal
from tests.cli.call import call
from tests.cli.moving import (
    ALL,
    BOOTSTRAP,
    COMPACTION,
    POD,
    TOKEN,
    last_line,
    make_store,
    move,
    moved,
    refusal,
    rows_of,
    untouched,
)
from tests.cluster import Cluster
from tests.database.stores import STOCK, ask, connection, make, place
from tests.transfer.test_fence import own_database, role_of
from tests.transfer.test_sqlite_source import create


def test_a_target_with_rows_is_refused_before_the_source_is_read(store: str, sqlite: Path) -> None:
    said = move(f"sqlite:{sqlite}", store)
    assert said.status == 4
    assert "already has a table public.kine; name another database in the endpoint" in said.line
    assert "read sqlite" not in said.err


HOLDING = """
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1]) as store:
    store.execute("PRAGMA journal_mode = WAL").fetchall()
    print(store.execute("SELECT count(*) FROM kine").fetchall(), flush=True)
    time.sleep(60)
"""


def test_a_source_that_is_open_is_refused(database15: str, sqlite: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(sqlite)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            line = refusal(f"sqlite:{sqlite}", database15)
        finally:
            other.kill()
    assert f"sqlite:{sqlite} is in use: python" in line
    assert f"(process {other.pid}) has {sqlite} open; stop it on every server: mv /etc/kubernetes" in line
    assert line.endswith("or add --follow to copy while it is in use")
    assert untouched(database15)


def test_a_source_with_a_connected_kine_is_refused(store: str, database15: str) -> None:
    with connection(store):
        assert "a client without a name from 127.0.0.1 is connected to" in refusal(store, database15)
    assert untouched(database15)


def test_a_source_that_is_written_to_without_a_visible_session_is_refused(store: str, database15: str) -> None:
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(**{**place(store).libpq(), "application_name": "job"}, autocommit=True) as session:
            while not stop.wait(0.1):
                session.execute("SELECT nextval('kine_id_seq'), 'of no table'")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        line = refusal(store, database15)
    finally:
        stop.set()
        thread.join()
    assert "is in use" in line
    assert untouched(database15)


def test_a_connected_kine_on_the_target_is_refused(database15: str, sqlite: Path) -> None:
    with connection(database15):
        line = refusal(f"sqlite:{sqlite}", database15)
    assert line.startswith("the target is in use: process ")
    assert line.endswith("stop what is connected to it, then run again")
    assert untouched(database15)


def test_a_kine_that_is_started_on_the_target_before_the_end_is_refused(
    database15: str, sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []

    def then_start(*arguments: Any, **options: Any) -> Any:
        found = require_equal(*arguments, **options)
        started.append(connection(database15))
        return found

    with monkeypatch.context() as patch:
        patch.setattr("kinetune.commands.move.require_equal", then_start)
        assert refusal(f"sqlite:{sqlite}", database15).startswith("the target is in use: process ")
    started[0].close()
    assert ask(database15, "SELECT to_regclass('kine')") == [(None,)]
    assert "an interrupted move is continued" in moved(f"sqlite:{sqlite}", database15).out
    assert ask(database15, ALL) == rows_of(sqlite)


def test_a_write_during_the_copy_is_refused_and_the_next_run_continues(
    store: str, database15: str, monkeypatch: pytest.MonkeyPatch
) -> None:

    def then_write(*arguments: Any) -> Any:
        table = copy_source(*arguments)
        ask(store, f"INSERT INTO kine (name, created, deleted, value) VALUES ('{POD}late', 1, 0, 'v')")
        return table

    with monkeypatch.context() as patch:
        patch.setattr("kinetune.commands.move.copy_source", then_write)
        line = refusal(store, database15)
    assert "is still written to: its revision rose from 5,101 to 5,102; stop it and run again" in line
    moved(store, database15)
    assert ask(database15, ALL) == ask(store, ALL)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((), "has no keys; check that this is the store of the cluster"),
        (
            (create(2, f"{POD}a"), (5, f"{POD}a", 0, 0, 2, 2, 0, b"", None), (6, f"{POD}a", 0, 0, 2, 2, 0, b"", None)),
            f"has a row for {POD}a that replaces revision 2, as an earlier row does: a write was lost (kine#408); "
            "move the newest row of each key with --live-only",
        ),
        ((create(2, BOOTSTRAP, b""),), f"{BOOTSTRAP} is empty: the first start of a K3s server is in progress"),
        ((create(2, "/registry/a\0b"),), "the key '/registry/a\\x00b' contains a NUL byte: no target can hold it"),
    ],
)
def test_rows_that_no_target_takes_are_refused(
    database15: str, tmp_path: Path, rows: tuple[Any, ...], words: str
) -> None:
    file = make_store(tmp_path / "bad.db", COMPACTION)
    with closing(sqlite3.connect(file)) as store, store:
        store.execute("DROP INDEX kine_name_prev_revision_uindex")
        store.executemany("INSERT INTO kine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    assert words in refusal(f"sqlite:{file}", database15)
    assert untouched(database15)
    dry = call("move", "--dry-run", f"sqlite:{file}", database15)
    assert (dry.status, "What forbids the move" in dry.out) == (0, True)


def test_duplicates_are_moved_as_live_rows(database15: str, tmp_path: Path) -> None:
    file = make_store(tmp_path / "bad.db", COMPACTION)
    with closing(sqlite3.connect(file)) as store, store:
        store.execute("DROP INDEX kine_name_prev_revision_uindex")
        change = (f"{POD}a", 0, 0, 2, 2, 0, b"", None)
        store.executemany(
            "INSERT INTO kine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [create(2, f"{POD}a"), (5, *change), (6, *change)]
        )
    moved("--live-only", f"sqlite:{file}", database15)
    assert ask(database15, "SELECT id FROM kine ORDER BY id") == [(6,), (7,)]


def test_a_copy_needs_a_word_about_later_writes(database15: str, store: str, tmp_path: Path) -> None:
    file = tmp_path / "copy.kinetune"
    assert call("backup", file, store).status == 0
    line = refusal(f"archive:{file}", database15)
    assert "cannot show whether the cluster was written to afterwards; add --bump-revision 1000000 if it was" in line
    moved("--bump-revision", 0, f"archive:{file}", database15)
    assert ask(database15, ALL) == ask(store, ALL)


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        (TOKEN, 0, "the K3s token fits"),
        (f"K10{'0' * 64}::server:{TOKEN}\n", 0, "the K3s token fits"),
        ("other", 4, f"the token is not that of this cluster: {BOOTSTRAP} was encrypted with another one"),
        ("K1012::server:x", 2, "the hash in the K3s token is not complete"),
    ],
)
def test_the_token_of_a_server(database15: str, k3s: tuple[Path, Path], token: str, status: int, words: str) -> None:  # noqa: PLR0913
    store, file = k3s
    file.write_text(token)
    said = move("--k3s-token", file, f"sqlite:{store}", database15)
    assert said.status == status, said.err
    assert words in (said.err if status else said.out)
    assert TOKEN not in said.out + said.err
    if not status:
        assert "# In /etc/rancher/k3s/config.yaml of every server, set" in said.out


@pytest.fixture
def k3s(tmp_path: Path) -> tuple[Path, Path]:
    """A store with a bootstrap key, and a file for a token."""
    return make_store(tmp_path / "k3s.db", COMPACTION, create(2, BOOTSTRAP)), tmp_path / "token"


def test_a_token_without_a_key_is_said(database15: str, sqlite: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    said = call("move", "--dry-run", "--k3s-token", tmp_path / "token", f"sqlite:{sqlite}", database15)
    assert "there is no bootstrap key that the K3s token could fit" in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-scheme", "{}"), "the source has no scheme"),
        (("sqlite:/no/such/file", "{}"), "cannot read /no/such/file: No such file or directory"),
        (("--fence", "{}", "{}"), "--fence is for a source that is in use; add --follow"),
        (("--follow", "--fence", "sqlite:/x", "{}"), "--fence needs a source on PostgreSQL or YugabyteDB"),
        (("--unfence", "sqlite:/x"), "--unfence needs a source on PostgreSQL or YugabyteDB"),
        (("--unfence", "--verify-only", "{}", "{}"), "--unfence moves nothing"),
        (("--verify-only", "--dry-run", "{}", "{}"), "--verify-only moves nothing"),
        (("--skip-gap-rows", "--live-only", "sqlite:/x", "{}"), "--skip-gap-rows has no effect"),
        (("--follow", "archive:/x", "{}"), "--follow has no effect on a copy"),
        (("--k3s-token", "/no/token", "sqlite:/x", "{}"), "cannot read /no/token: No such file or directory"),
        (("--bump-revision", "-1", "sqlite:/x", "{}"), "--bump-revision"),
        (("--profile", "best", "sqlite:{file}", "{}"), "best"),
    ],
)
def test_wrong_arguments(database15: str, sqlite: Path, arguments: tuple[str, ...], words: str) -> None:
    given = [one.replace("{}", database15).replace("{file}", str(sqlite)) for one in arguments]
    said = call("move", *given)
    assert said.status == 2, said.err
    assert words in last_line(said)
    assert untouched(database15)


def test_the_least_privileges_on_both_sides(pg15: Cluster, sqlite: Path) -> None:
    with own_database(pg15) as source, own_database(pg15) as target:
        make(source.dsn, STOCK, 20)
        with role_of(source.admin, "GRANT SELECT ON kine, kine_id_seq TO {}") as reader:
            reading = source.dsn.replace(f"{source.role}@", f"{reader}@")
            moved(reading, target.dsn)
            assert ask(target.dsn, ALL) == ask(source.dsn, ALL)
            assert ask(target.dsn, "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'kine'") == [
                (target.role,)
            ]


def test_a_missing_privilege_is_named(pg15: Cluster, sqlite: Path, database15: str) -> None:
    with own_database(pg15) as target, role_of(target.admin) as stranger:
        line = refusal(f"sqlite:{sqlite}", target.dsn.replace(f"{target.role}@", f"{stranger}@"), status=3)
        assert f"GRANT CREATE ON SCHEMA public TO {stranger}" in line
    with own_database(pg15) as source:
        make(source.dsn, STOCK, 5)
        with role_of(source.admin) as stranger:
            line = refusal(source.dsn.replace(f"{source.role}@", f"{stranger}@"), database15, status=3)
            assert f"GRANT SELECT ON public.kine, public.kine_id_seq TO {stranger}" in line
