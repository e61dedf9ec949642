"""Ctrl-C, SIGTERM, a no, a server that goes away: one line, a defined status, and the next run goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from tests.cli.call import Said, Terminal, call, ended, start, terminal, wait_for
from tests.cluster import Cluster
from tests.conftest import started
from tests.database.stores import STOCK, ask, connection, content, make

INTERRUPTED = "kinetune: interrupted; run it again and it goes on from what is there\n"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
WORKING = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'kinetune/%%' AND query LIKE %s AND datname = %s"


@contextlib.contextmanager
def snapshot(dsn: str) -> Iterator[int]:
    """An open transaction, which every CREATE INDEX CONCURRENTLY waits for: its server process."""
    with connection(dsn) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT 1 FROM kine LIMIT 1")
        yield session.info.backend_pid


def sends(dsn: str, text: str) -> bool:
    return bool(ask(dsn, WORKING, text, dsn.rpartition("/")[2]))


def at_work(dsn: str) -> list[tuple[object, ...]]:
    """Sessions of kinetune that are still there."""
    return ask(
        dsn,
        "SELECT pid, query FROM pg_stat_activity WHERE application_name LIKE 'kinetune/%%' AND datname = %s",
        dsn.rpartition("/")[2],
    )


def typed(dsn: str, answer: str) -> Terminal:
    """`kinetune init` on a terminal, the prompt answered so, and its end."""
    with terminal("init", dsn) as screen:
        screen.until("[y/N] ")
        screen.type(answer)
        screen.end()
    return screen


def refused(screen: Terminal) -> str:
    """What came after the question."""
    return screen.screen.rpartition("[y/N] ")[2]


def test_without_a_terminal_nobody_is_asked(store: str) -> None:
    before = content(store)
    said = call("init", store)
    assert said.status == 4
    assert said.line == "nothing was changed: there is no terminal to ask on; add --yes to apply this plan"
    assert "kinetune_new_" in said.out
    assert content(store) == before


@pytest.mark.parametrize(("answer", "echo"), [("n\n", "n\n"), ("yeah\n", "yeah\n"), ("\x04", "\n")])
def test_a_no_and_an_end_of_file_change_nothing(store: str, answer: str, echo: str) -> None:
    screen = typed(store, answer)
    assert screen.process.returncode == 4
    assert refused(screen).startswith(f"{echo}kinetune: nothing was changed; run it again when you are ready")
    assert "Nothing is to be done" in call("init", "--profile", "stock", store).out


def test_ctrl_c_at_the_prompt_interrupts(store: str) -> None:
    screen = typed(store, "\x03")
    assert screen.process.returncode == 130
    assert refused(screen) == f"^C\n{INTERRUPTED}"
    assert "Nothing is to be done" in call("init", "--profile", "stock", store).out


def test_a_yes_applies(store: str) -> None:
    screen = typed(store, "y\n")
    assert screen.process.returncode == 0
    assert "Done and verified: 12 statements in " in screen.screen
    assert "Nothing is to be done" in call("init", store).out


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_while_it_connects(number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = start("init", f"postgres://u@127.0.0.1:{silent.getsockname()[1]}/x")
        caller, _ = silent.accept()
        caller.recv(8)
        process.send_signal(number)
        said = ended(process, 5)
        caller.close()
    assert (said.status, said.err, said.out) == (130, INTERRUPTED, "")


@pytest.mark.parametrize("number", SIGNALS[:2], ids=lambda number: number.name)
def test_a_signal_while_an_index_build_waits_ends_the_build_and_the_next_run_finishes(
    store: str, number: signal.Signals
) -> None:
    before = content(store)
    with snapshot(store):
        process = start("init", "--yes", store)
        wait_for(lambda: sends(store, "CREATE INDEX CONCURRENTLY%"))
        process.send_signal(number)
        said = ended(process, 10)
        assert (said.status, said.err[-len(INTERRUPTED) :]) == (130, INTERRUPTED)
        wait_for(lambda: not at_work(store), 5, lambda: at_work(store))
    again = call("init", "--yes", store)
    assert again.status == 0
    assert "drop the index kinetune_new_kine_name_index" in again.out
    assert "Nothing is to be done" in call("init", store).out
    assert content(store) == before


def pressed(process: subprocess.Popen[str]) -> Said:
    """
    Ctrl-C, and once more where nothing came of it: seen once in some 300 runs of very short statements, where
    it may fall into a finalizer, which Python ends without a word, or between a statement's answer and the next.
    """
    process.send_signal(signal.SIGINT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    return ended(process, 10)


@pytest.mark.parametrize("arguments", [(), ("--writes", "--query", "create")], ids=" ".join)
def test_ctrl_c_while_it_explains(store: str, arguments: tuple[str, ...]) -> None:
    process = start("explain", "--runs", "1000000", *arguments, store)
    wait_for(lambda: sends(store, "%EXPLAIN (ANALYZE%"))
    said = pressed(process)
    assert (said.status, said.err, said.out) == (130, "kinetune: interrupted\n", "")
    wait_for(lambda: not at_work(store), 5, lambda: at_work(store))
    assert ask(store, "SELECT 1 FROM pg_namespace WHERE nspname = 'kinetune_shadow'") == []


def test_a_terminal_that_is_closed_ends_it(store: str) -> None:
    with terminal("init", store) as screen:
        screen.until("[y/N] ")
        os.kill(screen.process.pid, signal.SIGHUP)
        assert screen.end() == 130


def test_signals_that_its_caller_ignores_do_not_end_it(store: str) -> None:
    """As a shell does for SIGINT behind `&`, and nohup for SIGHUP."""
    with snapshot(store):
        process = start("init", "--yes", store, handling=signal.SIG_IGN)
        wait_for(lambda: sends(store, "CREATE INDEX CONCURRENTLY%"))
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGHUP)
    assert ended(process).status == 0
    assert "Nothing is to be done" in call("init", store).out


def test_a_build_that_waits_says_for_whom(store: str) -> None:
    with snapshot(store) as process:
        running = start("init", "--yes", store)
        wait_for(lambda: sends(store, "CREATE INDEX CONCURRENTLY%"))
        assert running.stderr is not None
        line = running.stderr.readline()
    assert line == (
        f"waits for the open transaction of server process {process} (SELECT pg_terminate_backend({process}) ends it)\n"
    )
    assert ended(running).status == 0


def test_two_at_once_one_waits_and_then_sees_that_the_plan_is_done(store: str) -> None:
    with snapshot(store):
        first = start("init", "--yes", store)
        wait_for(lambda: sends(store, "CREATE INDEX CONCURRENTLY%"))
        second = start("init", "--yes", store)
        wait_for(lambda: sends(store, "%pg_try_advisory_lock%"))
    assert ended(first).status == 0
    said = ended(second)
    assert said.status == 4
    assert said.line == "the store has changed since this plan was made; run again to see the new plan"


@pytest.fixture(scope="module")
def mortal() -> Iterator[Cluster]:
    """A server of one's own to stop."""
    yield from started("postgresql-15")


def test_a_server_that_goes_away_is_told_and_the_next_run_finishes(mortal: Cluster) -> None:
    place = mortal.dsn("killed")
    ask(mortal.dsn(), "CREATE DATABASE killed")
    make(place, objects=100)
    before = content(place)
    reader = start("explain", "--runs", "1000000", place)
    wait_for(lambda: sends(place, "%EXPLAIN (ANALYZE%"))
    with contextlib.suppress(psycopg.OperationalError), snapshot(place):
        writer = start("init", "--yes", place)
        wait_for(lambda: sends(place, "CREATE INDEX CONCURRENTLY%"))
        mortal.control("stop")
    for process in (reader, writer):
        said = ended(process)
        assert said.status == 3
        (line,) = (line for line in said.err.splitlines() if not line.startswith("waits for"))
        assert line.startswith(("kinetune: the connection was lost: ", "kinetune: the server refused: terminating"))
        assert "run again" in line
    assert call("init", place).status == 3
    mortal.control("start")
    assert call("init", "--yes", place).status == 0
    assert "Nothing is to be done" in call("init", place).out
    assert content(place) == before


def test_a_standby_is_read_and_never_changed(mortal: Cluster) -> None:
    place = mortal.dsn("followed")
    ask(mortal.dsn(), "CREATE DATABASE followed")
    make(place, objects=100)
    ask(mortal.dsn(), "CREATE DATABASE emptied")
    make(mortal.dsn("emptied"), STOCK.replace("CREATE TABLE", "CREATE UNLOGGED TABLE"), objects=10)
    (mortal.data / "standby.signal").touch()
    mortal.control("restart")
    unlogged = call("check", "--no-plans", "--select", "KT116,KT411", "--kine", "v0.17.2", mortal.dsn("emptied"))
    assert ("KT116" in unlogged.out, "KT411" in unlogged.out) == (True, True), unlogged.err
    said = call("init", "--yes", place)
    read, wrote = call("explain", place), call("explain", "--writes", place)
    checked = call("check", "--no-plans", "--select", "KT411", "--kine", "v0.17.2", place)
    (mortal.data / "standby.signal").unlink(missing_ok=True)
    mortal.control("restart")
    assert (said.status, read.status, wrote.status, checked.status) == (3, 0, 3, 1)
    assert "it is a standby, which takes no writes: Kine does not start on it" in " ".join(checked.out.split())
    assert said.line == (
        f"{place} is a standby, which takes no changes; "
        "name the primary, or all hosts with ?target_session_attrs=read-write"
    )
