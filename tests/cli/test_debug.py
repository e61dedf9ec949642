"""--debug shows each statement sent and the trace of an error; a password is shown nowhere, whatever is asked for."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.cli.call import call, call_in_process
from tests.cli.conftest import SECRET
from tests.cluster import Cluster, free_port

QUOTED = quote(SECRET)


@pytest.fixture
def place(guarded: Cluster) -> str:
    """The endpoint of a store, password included."""
    return guarded.dsn("kubernetes", f"postgres:{QUOTED}")


def shows(text: str) -> bool:
    """Whether the password is in it, in any form an endpoint may have."""
    return any(form in text for form in (SECRET, QUOTED, quote_plus(SECRET)))


def test_debug_shows_each_statement_as_it_could_be_run(store: str) -> None:
    said = call_in_process("--debug", "init", "--dry-run", store)
    assert said.status == 0
    sent = said.err.splitlines()
    assert all(line.startswith("→ ") for line in sent)
    assert "→ SELECT (SELECT MAX(id) FROM kine) AS max_id" in sent
    assert not any("--" in line for line in sent)
    assert len(sent) > 10


def test_debug_by_its_variable_is_the_same(store: str) -> None:
    assert call_in_process("init", "--dry-run", store, KINETUNE_DEBUG="1").err.startswith("→ ")
    assert call_in_process("init", "--dry-run", store, KINETUNE_DEBUG="0").err == ""


def test_debug_adds_the_trace_above_the_line() -> None:
    closed = f"postgres://u:{QUOTED}@127.0.0.1:{free_port()}/x"
    plain, traced = call_in_process("explain", closed), call_in_process("--debug", "explain", closed)
    assert (plain.status, traced.status) == (3, 3)
    assert "Traceback" in traced.err
    assert "connection_failure" in traced.err
    assert traced.err.splitlines()[-1] == plain.err.rstrip("\n")
    assert not shows(traced.err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "--dry-run"),
        ("init", "--print"),
        ("init", "--yes", "--format", "json"),
        ("init", "--revert", "--yes", "--format", "html"),
        ("explain", "--tree", "--writes"),
        ("explain", "--format", "json"),
        ("explain", "--format", "html"),
        ("explain", "--format", "markdown", "--tree"),
        ("init", "--profile", "none"),
        ("explain", "--query", "none"),
    ],
    ids=" ".join,
)
def test_a_password_is_in_no_output(place: str, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    files = ("--output", "report.html", "--save", "run.json") if arguments[0] == "explain" else ()
    said = call_in_process("--debug", *arguments, *files, place, folder=tmp_path)
    assert said.status == (2 if "none" in arguments else 0), said.err
    everything = said.out + said.err + "".join(path.read_text() for path in tmp_path.iterdir())
    assert not shows(everything)
    assert "postgres:" not in re.sub("postgres://|embedded_postgres:", "", everything)


@pytest.mark.parametrize("change", ["{}?sslmode=none", "{}x", "{}?sslmode=require", "{}?password=" + QUOTED + "x"])
def test_a_password_is_in_no_failure(place: str, change: str) -> None:
    said = call_in_process("--debug", "init", "--dry-run", change.format(place))
    assert said.status == (0 if change == "{}x" else 3), said.err
    assert not shows(said.out + said.err)


def test_an_endpoint_out_of_the_environment_is_kept_as_secret(place: str) -> None:
    for said in (
        call("init", "--dry-run", KINETUNE_ENDPOINT=place),
        call("init", "--dry-run", K3S_DATASTORE_ENDPOINT=place),
        call("init", "--dry-run", KINE_ENDPOINT=place),
    ):
        assert said.status == 0
        assert not shows(said.out + said.err)
