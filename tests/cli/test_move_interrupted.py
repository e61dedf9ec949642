"""`kinetune move`: cut after any statement, killed at any stage, twice at once."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from kinetune.etcd.client import EtcdClient
from tests.cli.call import call, start_process, wait_for, wait_for_exit
from tests.cli.moving import (
    ALL,
    POD,
    TABLES,
    gone,
    history,
    killed_at,
    make_store,
    move,
    moved,
    refusal,
    rows_of,
    sequence,
)
from tests.cli.test_drop_interrupted import cutting
from tests.cluster import Cluster
from tests.conftest import scratch
from tests.database.stores import ask
from tests.etcd.server import EtcdServer


def test_cut_after_any_statement_the_next_run_completes_it(
    pg15: Cluster, sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, came = 0, True
    while came:
        turn += 1
        with contextmanager(scratch)(pg15) as dsn:
            if turn % 2:
                assert call("init", "--yes", dsn).status == 0
            came = cutting(monkeypatch, turn, lambda dsn=dsn: move(f"sqlite:{sqlite}", dsn))  # type: ignore[misc]
            # Cut after its last statement, it is complete.
            if ask(dsn, "SELECT to_regclass('kine') IS NOT NULL AND to_regclass('kinetune_incoming') IS NULL "
                   "AND EXISTS (SELECT 1 FROM pg_class WHERE relname = 'kine' AND relkind = 'r')") != [(True,)] or (
                ask(dsn, "SELECT count(*) FROM kine") == [(0,)]
            ):  # fmt: skip
                moved(f"sqlite:{sqlite}", dsn)
            assert ask(dsn, ALL) == rows_of(sqlite)
            assert sequence(dsn) == 2601
            assert not [name for (name,) in ask(dsn, TABLES) if name.startswith("kinetune")]
    assert turn > 12


@pytest.mark.parametrize(("stage", "after"), [("copied", 0), ("copied", 2), ("compared", 0), ("after the rows", 0)])
def test_killed_at_any_stage_the_next_run_continues(database15: str, sqlite: Path, stage: str, after: int) -> None:
    assert killed_at(stage, after, "move", "--yes", f"sqlite:{sqlite}", database15) == -signal.SIGKILL
    gone(database15)
    rows = ask(database15, "SELECT count(*) FROM kinetune_incoming")[0][0]
    assert rows == (1000 * after if stage == "copied" else 2600)
    said = moved(f"sqlite:{sqlite}", database15)
    assert "an interrupted move is continued" in said.out
    assert ask(database15, ALL) == rows_of(sqlite)


def test_killed_when_all_was_done_it_is_done(database15: str, sqlite: Path) -> None:
    assert killed_at("verified", 0, "move", "--yes", f"sqlite:{sqlite}", database15) == -signal.SIGKILL
    assert ask(database15, ALL) == rows_of(sqlite)
    assert "already has a table public.kine" in refusal(f"sqlite:{sqlite}", database15)
    assert call("move", "--verify-only", f"sqlite:{sqlite}", database15).status == 0


def test_another_mode_does_not_continue(database15: str, sqlite: Path) -> None:
    assert killed_at("copied", 2, "move", "--yes", f"sqlite:{sqlite}", database15) == -signal.SIGKILL
    gone(database15)
    said = moved("--live-only", f"sqlite:{sqlite}", database15)
    assert "an interrupted move is continued" not in said.out
    assert ask(database15, "SELECT count(*) FROM kine WHERE name = 'compact_rev_key'") == [(1,)]


def test_a_continued_move_of_an_etcd_accepts_leases_that_have_counted_down(etcd: EtcdServer, database15: str) -> None:
    with EtcdClient.of_server(etcd.address) as client:
        client.create(f"{POD}a", b"v", client.grant_lease(3600))
        client.create(f"{POD}b", b"v")
    source = f"etcd://{etcd.address}"
    assert killed_at("compared", 0, "move", "--yes", source, database15) == -signal.SIGKILL
    gone(database15)
    time.sleep(1.1)
    assert "an interrupted move is continued" in moved(source, database15).out
    ((lease,),) = ask(database15, f"SELECT lease FROM kine WHERE name = '{POD}a'")
    assert 3500 < lease <= 3600


def test_two_real_runs_at_once_end_with_one_table(database15: str, sqlite: Path) -> None:
    runs = [start_process("move", "--yes", f"sqlite:{sqlite}", database15) for _ in range(2)]
    said = [wait_for_exit(one, 60) for one in runs]
    assert sorted(one.status for one in said) == [0, 4], [one.err for one in said]
    assert ask(database15, ALL) == rows_of(sqlite)


def test_what_is_interrupted_says_so(database15: str, tmp_path: Path) -> None:
    file = make_store(tmp_path / "large.db", *history(30_000))
    process = start_process("move", "--yes", f"sqlite:{file}", database15)
    named = f"{database15}?application_name=kinetune/test"  # a session without a name could be a Kine's
    wait_for(lambda: bool(ask(named, "SELECT to_regclass('kinetune_incoming') IS NOT NULL")[0][0]))
    process.send_signal(signal.SIGINT)
    said = wait_for_exit(process)
    assert said.status == 130
    assert "run the same command again to continue" in said.err
    moved(f"sqlite:{file}", database15)
    assert ask(database15, ALL) == rows_of(file)
