"""`kinetune embedded`: a private server from its start to its removal, and as an endpoint of the commands."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kinetune.model.endpoint import Endpoint, parse
from tests.cli.call import CallResult, call, terminal
from tests.cluster import MissingServer, wheel_binaries
from tests.conftest import absent


@pytest.fixture
def home() -> Iterator[str]:
    """A folder of its own, short enough for a socket and open to the user who runs root's servers."""
    try:
        wheel_binaries()
    except MissingServer as missing:
        absent(str(missing))
    with tempfile.TemporaryDirectory(prefix="kt-cli-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield folder
        for name in ("default", "lab"):
            embedded(folder, "remove", "--yes", name)


def embedded(home: str, *arguments: str) -> CallResult:
    return call("embedded", *arguments, KINETUNE_EMBEDDED_HOME=home)


def test_a_server_is_started_used_listed_stopped_and_removed(home: str) -> None:
    assert embedded(home, "list") == CallResult(0, "", "no embedded server\n")
    started = embedded(home, "start", "lab")
    assert started.status == 0
    place = parse(started.out.strip())
    assert isinstance(place, Endpoint)
    with psycopg.connect(**place.libpq() | {"dbname": "postgres"}) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert embedded(home, "start", "lab").out == started.out
    assert embedded(home, "list").out == "lab\trunning\n"
    said = call("init", "--yes", "embedded:lab", KINETUNE_EMBEDDED_HOME=home)
    assert said.status == 0
    assert "Done and verified" in said.out
    assert embedded(home, "stop", "lab").out == "embedded:lab is stopped\n"
    assert embedded(home, "stop", "lab").out == "embedded:lab was not running\n"
    assert embedded(home, "list").out == "lab\tstopped\n"
    again = call("init", "embedded:lab", KINETUNE_EMBEDDED_HOME=home)
    assert "Nothing to do" in again.out
    assert embedded(home, "remove", "lab", "--yes").out == "embedded:lab is removed\n"
    assert embedded(home, "remove", "lab", "--yes").out == "embedded:lab does not exist\n"


def test_a_server_without_a_network_address_passes_kt803(home: str) -> None:
    assert call("init", "--yes", "embedded:lab", KINETUNE_EMBEDDED_HOME=home).status == 0
    said = call("check", "--no-plans", "--select", "KT803", "embedded:lab", KINETUNE_EMBEDDED_HOME=home)
    assert (said.status, said.err) == (0, "")


def test_a_server_that_does_not_exist_is_neither_asked_about_nor_locked(home: str) -> None:
    assert embedded(home, "remove", "nosuch") == CallResult(0, "embedded:nosuch does not exist\n", "")
    assert embedded(home, "stop", "nosuch") == CallResult(0, "embedded:nosuch was not running\n", "")
    assert list(Path(home).iterdir()) == []


def test_nothing_is_removed_unasked(home: str) -> None:
    assert embedded(home, "start").status == 0
    said = embedded(home, "remove")
    assert said.status == 4
    assert said.line == "nothing was changed: not a terminal; confirm with --yes"
    for answer, status, words in (("n\n", 4, "nothing was changed"), ("y\n", 0, "embedded:default is removed")):
        with terminal("embedded", "remove", KINETUNE_EMBEDDED_HOME=home) as screen:
            screen.until("Delete embedded:default with all its data? [y/N] ")
            screen.type(answer)
            assert screen.end() == status
        assert words in screen.screen


def test_a_name_that_is_none_is_refused(home: str) -> None:
    for command in ("start", "stop", "remove"):
        said = embedded(home, command, "../etc", *(["--yes"] if command == "remove" else []))
        assert said.status == 2
        assert said.line.startswith("the name of an embedded server must have 1 to 32 of a-z, 0-9 and -; ")


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    said = embedded(str(file), "start")
    assert said.status == 2
    assert said.line == f"cannot use {file}: File exists; name another file or change its permissions"
