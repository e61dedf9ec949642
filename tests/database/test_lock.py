"""Where advisory locks hold on one node only a row keeps two kinetunes apart, and a dead one's is taken over."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from kinetune.database import lock
from kinetune.database.lock import exclusive_lock
from kinetune.database.session import Session, open_session
from kinetune.model.failure import CouldNotLook, Refused
from tests.cli.call import ROOT, environment
from tests.database.stores import ask, place

HOLDER = """
import sys, time
from dataclasses import replace
from kinetune.database import lock
from kinetune.database.lock import row_lock as held
from kinetune.database.session import open_session
from kinetune.model.endpoint import parse
lock.STALE_SECONDS = 1.5
with open_session(parse(sys.argv[1]), "test", write=True) as session, held(session, 10):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
print("released", flush=True)
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "STALE_SECONDS", 1.5)
    monkeypatch.setattr(lock, "WAIT_FOR_OTHER_SECONDS", 0.5)


@contextlib.contextmanager
def visitor(dsn: str) -> Iterator[Session]:
    """On a server that is said to have no advisory locks."""
    with open_session(place(dsn), "test", write=True) as session:
        server = session.server
        yield replace(session, server=replace(server, capabilities=server.capabilities - {"advisory_lock"}))


@contextlib.contextmanager
def holder(dsn: str, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the row for so long."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, dsn, str(seconds)],
        env=environment({"PYTHONPATH": str(ROOT)}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def rows(dsn: str) -> int:
    (found,) = ask(dsn, "SELECT count(*) FROM kinetune_lock")[0]
    return int(found)


def test_the_row_is_there_while_it_is_held_and_gone_afterwards(database: str) -> None:
    with visitor(database) as session:
        for _ in range(2):
            with exclusive_lock(session):
                assert rows(database) == 1
            assert rows(database) == 0


def test_another_process_is_named_with_its_last_sign_of_life(database15: str) -> None:
    with holder(database15, 30) as process, visitor(database15) as session:
        time.sleep(2)  # longer than a dead one's row would be kept: it says that it lives
        with pytest.raises(
            Refused, match=rf"another kinetune is changing .* process {process.pid} \(.*renewed \d s ago"
        ):
            exclusive_lock(session).__enter__()


def test_one_that_ends_in_time_is_waited_for(database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_FOR_OTHER_SECONDS", 10)
    with holder(database15, 0.5), visitor(database15) as session, exclusive_lock(session):
        assert rows(database15) == 1


def test_one_that_was_killed_is_taken_for_dead_after_its_time(database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_FOR_OTHER_SECONDS", 10)
    with holder(database15, 30) as process, visitor(database15) as session:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert rows(database15) == 1
        started = time.monotonic()
        with exclusive_lock(session):
            assert 0.5 < time.monotonic() - started < 4
            (name,) = ask(database15, "SELECT holder FROM kinetune_lock")[0]
            assert f"process {process.pid} " not in name


def test_of_many_at_once_one_holds_it_at_a_time(database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is not there yet: they also race to make it."""
    monkeypatch.setattr(lock, "WAIT_FOR_OTHER_SECONDS", 30)
    inside, most = [0], [0]

    def act() -> None:
        with visitor(database15) as session, exclusive_lock(session):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.05)
            inside[0] -= 1

    threads = [threading.Thread(target=act) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside, rows(database15)) == ([1], [0], 0)


def test_one_that_stood_still_and_lost_the_row_is_stopped(database15: str) -> None:
    """Its statement is cancelled, and it says why; the row is the other's and stays."""

    def stand_still() -> None:
        with visitor(database15) as session, exclusive_lock(session):
            ask(database15, "UPDATE kinetune_lock SET holder = 'another'")
            session.query("SELECT pg_sleep(10)")

    with pytest.raises(Refused, match="lost the lock: this run was idle for too long"):
        stand_still()
    assert ask(database15, "SELECT holder FROM kinetune_lock") == [("another",)]


@pytest.mark.parametrize("other", ["UPDATE kinetune_lock SET holder = 'another'", "DELETE FROM kinetune_lock"])
def test_a_clean_end_after_the_row_was_lost_is_no_success(database15: str, other: str) -> None:
    """Before a heartbeat has noticed it: the other is at work, or has already ended."""

    def end_cleanly() -> None:
        with visitor(database15) as session, exclusive_lock(session):
            ask(database15, other)

    with pytest.raises(Refused, match="lost the lock: this run was idle for too long"):
        end_cleanly()
    assert rows(database15) == other.startswith("UPDATE")


def test_a_failure_under_the_lock_is_told_as_it_is(database15: str) -> None:
    with visitor(database15) as session, pytest.raises(CouldNotLook, match="division by zero"), exclusive_lock(session):
        session.query("SELECT 1/0")
    assert rows(database15) == 0
