"""`move --follow` and `--fence`: real Kines that are written to and compacted while they are moved."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.failures import EtcdFailure
from kinetune.transfer.follow import MOST_PASSES, FollowPass, iterate_passes
from tests.cli.call import CallResult, call, start_process, terminal, wait_for, wait_for_exit
from tests.cli.moving import ALL, gone, killed_at, moved, rows_of
from tests.cluster import Cluster
from tests.conftest import scratch
from tests.database.stores import STOCK, ask, make, place
from tests.etcd.server import EtcdServer
from tests.kine.process import Kine
from tests.kine.smoke import present
from tests.kine.writers import writing
from tests.mariadb import Mariadb
from tests.transfer.tables import create_incoming, incoming, insert, opened, row
from tests.transfer.test_fence import Owned, own_database
from tests.transfer.test_sqlite_source import KINE_PARAMETERS

Built = Callable[[str], Path]
TAG = "v0.16.4"
"""Without the defect that acknowledges creates that failed (KT601)."""
CLIENTS = 16


@pytest.fixture
def source(pg15: Cluster) -> Iterator[str]:
    yield from scratch(pg15)


def compacting(endpoint: str) -> Kine:
    return Kine(TAG, endpoint, compact_interval="1s", compact_min_retain="50")


def started(source: str, target: str, *options: str) -> subprocess.Popen[str]:
    return start_process("move", "--yes", "--follow", *options, source, target)


def started_copying(source: str, target: str) -> subprocess.Popen[str]:
    process = started(source, target)
    named = f"{target}?application_name=kinetune/test"  # a session without a name could be a Kine's
    exists = "SELECT to_regclass('kinetune_incoming') IS NOT NULL"
    wait_for(lambda: ask(named, exists) == [(True,)] or process.poll() is not None, 60)
    assert process.poll() is None, wait_for_exit(process).err
    return process


def follow_until_stopped(kine: Kine, source: str, target: str) -> CallResult:
    """Stop Kine while 16 clients write to it, after a move has caught up."""
    with writing(kine, CLIENTS) as writers:
        wait_for(lambda: sum(len(one.written) for one in writers) > 500, 60)
        process = started_copying(source, target)
        time.sleep(3)
    assert process.poll() is None, "it waits until Kine is stopped, not only its clients"
    kine.stop()
    return wait_for_exit(process, 60)


def test_postgresql_while_16_clients_write_and_compaction_runs(built: Built, source: str, database15: str) -> None:
    built(TAG)
    with compacting(source) as kine:
        said = follow_until_stopped(kine, source, database15)
    assert said.status == 0, said.err
    assert "the target has caught up; now stop it on every server: mv /etc/kubernetes" in said.err
    assert ask(database15, "SELECT max(prev_revision) > 100 FROM kine WHERE name = 'compact_rev_key'") == [(True,)]
    rows = ask(source, ALL)
    assert [one for one in ask(database15, ALL) if not one[1].startswith("gap-")] == [
        one for one in rows if not one[1].startswith("gap-")
    ]
    assert call("move", "--verify-only", source, database15).status == 0


def test_sqlite_while_16_clients_write_and_compaction_runs(built: Built, database15: str, tmp_path: Path) -> None:
    built(TAG)
    store = tmp_path / "state.db"
    with compacting(f"sqlite://{store}{KINE_PARAMETERS}") as kine:
        said = follow_until_stopped(kine, f"sqlite:{store}", database15)
    assert said.status == 0, said.err
    assert ask(database15, ALL) == rows_of(store)


@pytest.mark.xdist_group("mariadb")
def test_mariadb_while_16_clients_write_and_compaction_runs(built: Built, mariadb: Mariadb, database15: str) -> None:
    built(TAG)
    endpoint = mariadb.endpoint(mariadb.create_database())
    with compacting(endpoint) as kine:
        said = follow_until_stopped(kine, endpoint, database15)
    assert said.status == 0, said.err
    assert call("move", "--verify-only", endpoint, database15).status == 0


def test_etcd_while_it_is_written_to(etcd: EtcdServer, database15: str) -> None:
    with EtcdClient.of_server(etcd.address) as client:
        for number in range(50):
            client.create(f"/registry/pods/a/{number}", b"v")
        process = started_copying(f"etcd://{etcd.address}", database15)
        for number in range(50):
            client.delete(present(client, f"/registry/pods/a/{number}")) if number % 2 else None
            client.create(f"/registry/pods/b/{number}", b"w")
            time.sleep(0.05)
        said = wait_for_exit(process, 60)
        assert said.status == 0, said.err
        assert "stop the API server on every server, and leave etcd running" in said.err
        found = {one.key: (one.revision, one.created, one.value) for one in client.list("").objects}
    text = "SELECT name, id, CASE created WHEN 1 THEN id ELSE create_revision END, value FROM kine WHERE name LIKE '/%'"
    assert {name: tuple(rest) for name, *rest in ask(database15, text)} == found
    assert len(found) == 75


def test_passes_show_how_far_the_target_is_behind(database15: str, source: str) -> None:
    make(source, STOCK)
    insert(source, *(row(number) for number in range(1, 2001)))
    create_incoming(database15)
    with opened(source) as opened_source, incoming(database15) as table:
        passes = iterate_passes(opened_source, table)
        assert [(one.rows, one.behind, one.is_quiet) for one in (next(passes), next(passes))] == [
            (2000, 0, False), (0, 0, True),
        ]  # fmt: skip
        insert(source, *(row(number) for number in range(2001, 2011)))
        ask(source, "DELETE FROM kine WHERE id = 1999")
        (late,) = (next(passes),)
        assert (late.number, late.revision, late.behind, late.rows) == (3, 2010, 10, 10)
        insert(source, row(1999, "/registry/late"))  # appears below the newest id, as it was committed late
        assert next(passes).is_quiet


def test_a_target_that_never_catches_up_is_close_after_some_passes() -> None:
    slow = [FollowPass(number, 9, 9000, 9000, 60.0) for number in range(1, MOST_PASSES + 1)]
    assert [one.is_close for one in slow] == [False] * (MOST_PASSES - 1) + [True]


# The fence


@pytest.fixture
def owned(pg15: Cluster) -> Iterator[Owned]:
    with own_database(pg15) as made:
        yield made


def test_a_fence_ends_the_writes_and_stays_after_success(built: Built, owned: Owned, database15: str) -> None:
    built(TAG)
    with compacting(owned.dsn) as kine:
        with writing(kine, CLIENTS) as writers:
            wait_for(lambda: sum(len(one.written) for one in writers) > 500, 60)
            said = wait_for_exit(started(owned.dsn, database15, "--fence"), 60)
            assert said.status == 0, said.err
        assert f"{owned.role} may no longer write (--fence)" in said.err
        assert f"{owned.role} may not write to it until kinetune move" in said.out.replace("\n", " ")
        rows = ask(owned.admin, ALL)
        written = {(one.key, one.value): one.revision for writer in writers for one in writer.written}
        kept = {(name, bytes(value)): number for number, name, *_, value, _ in rows if value is not None}
        newest = max(written.values())
        assert newest <= rows[-1][0], "each acknowledged write came before the fence"
        assert kept
        kine.stop()
        with contextlib.suppress(Exception):
            kine.start()
            with kine.client() as etcd, pytest.raises(EtcdFailure):
                etcd.create("/registry/pods/a/after", b"v")
    assert ask(owned.admin, ALL) == rows
    assert [one for one in ask(database15, ALL) if one[0] <= rows[-1][0]] == rows
    assert call("move", "--unfence", owned.dsn).out.count(f"{owned.role} may write to the source again.") == 1
    assert owned.may() == 4
    assert "the source has no fence" in call("move", "--unfence", owned.dsn).out


def test_the_question_says_what_the_fence_takes(owned: Owned, database15: str) -> None:
    make(owned.dsn, STOCK, 5)
    with terminal("move", "--follow", "--fence", owned.dsn, database15) as screen:
        screen.until("[y/N]")
        assert "Kine's roles will lose the right to write to the source (--fence)." in " ".join(screen.screen.split())
        screen.type("n\n")
        assert screen.end() == 4
    assert owned.may() == 4


def test_a_fence_is_lifted_after_a_failure(owned: Owned, database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kinetune.commands.move import MoveChange
    from kinetune.model.failure import CouldNotLook

    make(owned.dsn, STOCK, 50)
    seen: list[int] = []

    def fail(*_: object) -> None:
        seen.append(owned.may())
        raise CouldNotLook("the disk of the target is full")

    with monkeypatch.context() as patch:
        patch.setattr(MoveChange, "_add_gap_row", fail)
        said = call("move", "--yes", "--follow", "--fence", owned.dsn, database15)
    assert (said.status, seen, owned.may()) == (3, [1], 4)
    assert "the disk of the target is full" in said.err
    moved("--follow", "--fence", owned.dsn, database15)
    assert owned.may() == 1


def test_a_fence_that_a_killed_run_has_left_is_found_and_completed(owned: Owned, database15: str) -> None:
    make(owned.dsn, STOCK, 50)
    run = ("move", "--yes", "--follow", "--fence", owned.dsn, database15)
    assert killed_at("compared", 0, *run) == -signal.SIGKILL
    gone(database15)
    assert owned.may() == 1
    planned = call("move", "--dry-run", owned.dsn, database15)
    assert f"{owned.role} may not write to the source: an earlier run with --fence" in planned.out.replace("\n", " ")
    said = call(*run)
    assert said.status == 0, said.err
    assert owned.may() == 1
    assert ask(database15, ALL) == ask(owned.admin, ALL)
    assert call("move", "--unfence", owned.dsn).status == 0
    assert owned.may() == 4


def test_a_fence_is_refused_for_a_superuser_and_told_before(store_of_superuser: str, database15: str) -> None:
    planned = call("move", "--dry-run", "--follow", "--fence", store_of_superuser, database15)
    assert planned.status == 0
    assert "no fence stops role postgres, which is a superuser" in planned.out.replace("\n", " ")
    said = call("move", "--yes", "--follow", "--fence", store_of_superuser, database15)
    assert said.status == 4
    assert "stop Kine on every server instead, and move with --follow alone" in said.err
    assert ask(database15, "SELECT to_regclass('kinetune_incoming')") == [(None,)]


@pytest.fixture
def store_of_superuser(source: str) -> str:
    make(source, STOCK, 20)
    return source


# Long


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_killed_ten_times_on_the_way_the_target_is_equal(built: Built, source: str, database15: str, seed: int) -> None:
    built(TAG)
    random.seed(seed)
    with compacting(source) as kine:
        with writing(kine, CLIENTS) as writers:
            for _ in range(10):
                process = started(source, database15)
                time.sleep(random.uniform(1.0, 6.0))
                process.send_signal(signal.SIGKILL)
                wait_for_exit(process)
                gone(database15)
        assert sum(len(one.written) for one in writers) > 1000
        process = started(source, database15)
        time.sleep(5)
        kine.stop()
        said = wait_for_exit(process, 120)
    assert said.status == 0, said.err
    assert call("move", "--verify-only", source, database15).status == 0


@pytest.mark.soak
def test_killed_at_every_batch_the_next_run_completes_it(database15: str, source: str) -> None:
    make(source, STOCK, 2000)
    for batch in range(11):
        assert killed_at("copied", 1, "move", "--yes", source, database15) == -signal.SIGKILL
        gone(database15)
        assert ask(database15, "SELECT count(*) FROM kinetune_incoming") == [(min(1000 * (batch + 1), 10_101),)]
        if batch == 9:
            break
    moved(source, database15)
    assert ask(database15, ALL) == ask(source, ALL)
    assert place(database15)
