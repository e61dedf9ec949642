"""Cut after any statement or killed at any moment, drop and restore are finished by the next run."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import psycopg
import pytest

from kinetune.database import session as session_module
from kinetune.database.apply import ScriptRunner
from kinetune.database.holdings import list_holdings
from kinetune.database.observe import observe_store
from kinetune.database.session import Row, open_session
from kinetune.model.failure import CouldNotLook
from kinetune.model.script import Script
from kinetune.servers.identification import parse_server_name
from kinetune.transfer.archive import read_backup
from kinetune.tuning.removal import plan_removal
from tests.cli.call import CallResult, call, start_process, wait_for_exit
from tests.cli.test_drop import SOON, drop, kept_of_others, others, there
from tests.cli.test_init import name_of
from tests.cluster import Cluster
from tests.conftest import scratch
from tests.database.cut import terminate
from tests.database.stores import RENAMED, STOCK, ask, content, make, place, reach, schema

YB = parse_server_name("yugabytedb-2024.2.11")
COUNTED = (
    "CREATE",
    "DROP",
    "ALTER",
    "COMMENT",
    "INSERT INTO public",
    "ANALYZE",
    "DELETE",
    "SELECT setval",
    "VACUUM",
    "LOCK",
    "DO ",
)


class Cut(psycopg.Cursor[Row]):
    """Cuts its connection after the statement whose turn it is; a COPY counts as one and is cut in the middle."""

    left: ClassVar[int]

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Self:
        super().execute(query, *arguments, **options)
        text = query.decode() if isinstance(query, bytes) else ""
        if text.startswith(COUNTED):
            self._turn()
        return self

    def copy(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        if b"FROM STDIN" in (statement if isinstance(statement, bytes) else statement.as_bytes(self)):
            self._turn()
        return super().copy(statement, *arguments, **options)

    def _turn(self) -> None:
        type(self).left -= 1
        if type(self).left == 0:
            terminate(self.connection)


def cutting(monkeypatch: pytest.MonkeyPatch, turn: int, run: Callable[[], CallResult]) -> bool:
    """Whether there was such a statement; if so, the run has reported the lost connection."""

    class Next(Cut):
        left = turn

    with monkeypatch.context() as patched:
        patched.setattr(session_module, "LoggingCursor", Next)
        said = run()
    if Next.left > 0:
        assert said.status == 0, said.err
        return False
    assert said.status in (0, 3), said.err  # the last statement's end needs no connection
    return True


def again(dsn: str, *arguments: object) -> CallResult:
    said = call(*arguments, dsn)
    assert said.status == 0, said.err
    return said


def test_a_drop_cut_after_any_statement_is_finished_by_the_next(
    pg15: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, came = 0, True
    while came:
        turn += 1
        with contextlib.contextmanager(scratch)(pg15) as dsn:
            make(dsn, RENAMED, 20)
            reach(dsn, "tuned", "E07") if turn % 2 else None
            others(dsn)
            ask(dsn, "CREATE TABLE kine_before_init (id int)")
            rows, before = content(dsn), kept_of_others(dsn)
            file = tmp_path / f"copy{turn}"
            came = cutting(monkeypatch, turn, lambda dsn=dsn, file=file: drop(dsn, "--backup", file))  # type: ignore[misc]
            assert drop(dsn, "--backup", file).status == 0
            assert ask(dsn, "SELECT to_regclass('public.kine'), to_regclass('kine_before_init')") == [(None, None)]
            assert kept_of_others(dsn)[0][:2] == before[0][:2]
            again(dsn, "restore", "--yes", file)
            assert content(dsn) == rows
    assert turn >= 6


def test_a_drop_of_single_statements_cut_after_any_is_finished_by_the_next(pg15: Cluster) -> None:
    """As on YugabyteDB, where no DDL rolls back: the script made for it, on a server that takes it too."""

    def todo(dsn: str) -> Script:
        with open_session(place(dsn), "test") as session:
            held = list_holdings(session, observe_store(session))
        return plan_removal(replace(held, facts=replace(held.facts, server=YB)))

    with contextlib.contextmanager(scratch)(pg15) as dsn:
        make(dsn, RENAMED, 5)
        turns = sum(len(step.statements) for step in todo(dsn).steps)
    assert turns == 8
    for turn in range(1, turns + 1):
        with contextlib.contextmanager(scratch)(pg15) as dsn:
            make(dsn, RENAMED, 5)
            others(dsn)
            before = kept_of_others(dsn)

            class Next(Cut):
                left = turn

            with open_session(place(dsn), "test", write=True) as session:
                session.connection.cursor_factory = Next
                with contextlib.suppress(CouldNotLook):
                    ScriptRunner(session).run_script(todo(dsn))
            with open_session(place(dsn), "test", write=True) as session:
                ScriptRunner(session).run_script(todo(dsn))
            assert not todo(dsn)
            assert "kine_seq" not in there(dsn)
            assert kept_of_others(dsn) == before


def test_a_restore_cut_after_any_statement_is_finished_by_the_next(
    pg15: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, turn, came = tmp_path / "copy", 0, True
    with contextlib.contextmanager(scratch)(pg15) as dsn:
        make(dsn, STOCK, 200)
        reach(dsn, "tuned", "E07")
        rows, shape = content(dsn), schema(dsn)
        assert drop(dsn, "--backup", file).status == 0
    while came:
        turn += 1
        with contextlib.contextmanager(scratch)(pg15) as dsn:
            others(dsn)
            before = kept_of_others(dsn)
            came = cutting(monkeypatch, turn, lambda dsn=dsn: call("restore", "--yes", file, dsn))  # type: ignore[misc]
            if ask(dsn, "SELECT to_regclass('public.kine') IS NULL") == [(True,)]:
                again(dsn, "restore", "--yes", file)
            assert (content(dsn), schema(dsn)) == (rows, shape)
            assert kept_of_others(dsn)[0][:2] == before[0][:2]
            assert not [name for name in there(dsn) if name.startswith("kinetune")]
    assert turn > 10


def finished(dsn: str, file: Path, *arguments: object) -> bool:
    """Killed with SIGKILL after a random while; whether it had ended by itself."""
    process = start_process(*arguments, file, dsn) if arguments[0] == "restore" else start_process(*arguments, dsn)
    time.sleep(random.uniform(0.3, 1.6))
    process.kill()
    return wait_for_exit(process).status == 0


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_random_moments_both_end_where_an_undisturbed_run_does(
    pg15: Cluster, tmp_path: Path, seed: int
) -> None:
    random.seed(seed)
    file = tmp_path / "copy"
    with contextlib.contextmanager(scratch)(pg15) as dsn:
        make(dsn, STOCK, 3000)
        others(dsn)
        rows, shape = content(dsn), schema(dsn)
        going = ("drop", *SOON, "--confirm", name_of(dsn), "--backup", file)
        for _ in range(4):
            finished(dsn, file, *going)
        _gone(dsn)
        assert drop(dsn, "--backup", file).status == 0
        assert os.listdir(tmp_path) == ["copy"]
        assert read_backup(file).sums.rows == 15_101
        for _ in range(4):
            finished(dsn, file, "restore", "--yes")
        _gone(dsn)
        if ask(dsn, "SELECT to_regclass('public.kine') IS NULL") == [(True,)]:
            again(dsn, "restore", "--yes", file)
        assert (content(dsn), schema(dsn)) == (rows, shape)
        assert ask(dsn, "SELECT nextval('kine_id_seq')") == [(15_102,)]
    shutil.rmtree(tmp_path)


def _gone(dsn: str) -> None:
    """The server has noticed that its client was killed."""
    deadline = time.monotonic() + 20
    alive = "SELECT 1 FROM pg_stat_activity WHERE application_name ~ '^kinetune/' AND datname = current_database()"
    while ask(dsn, alive) and time.monotonic() < deadline:
        time.sleep(0.05)
