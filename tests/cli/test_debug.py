"""--debug shows each statement sent and the trace of an error; a password is shown nowhere, whatever is asked for."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.call import call, separate
from tests.cluster import DEBIAN_15, Cluster, MissingServer, free_port
from tests.conftest import absent
from tests.database.stores import STOCK, ask, make

SECRET = "tr0ub4dor-and-3"


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """The endpoint, password included, of a store behind scram-sha-256."""
    try:
        cluster = Cluster.start(DEBIAN_15, password_encryption="scram-sha-256")
    except MissingServer as missing:
        absent(str(missing))
        return
    ask(cluster.dsn(), "CREATE DATABASE kubernetes")
    make(cluster.dsn("kubernetes"), STOCK, 100)
    ask(cluster.dsn(), f"ALTER ROLE postgres PASSWORD '{SECRET}'")
    (cluster.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    ask(cluster.dsn(), "SELECT pg_reload_conf()")
    time.sleep(0.3)
    yield cluster.dsn("kubernetes", f"postgres:{SECRET}")
    cluster.remove()


def test_debug_shows_each_statement_as_it_could_be_run(store: str) -> None:
    said = separate("--debug", "init", "--dry-run", store)
    assert said.status == 0
    sent = said.err.splitlines()
    assert all(line.startswith("→ ") for line in sent)
    assert "→ SELECT MAX(id) AS max_id FROM kine" in sent
    assert not any("--" in line for line in sent)
    assert len(sent) > 10


def test_debug_by_its_variable_is_the_same(store: str) -> None:
    assert separate("init", "--dry-run", store, KINETUNE_DEBUG="1").err.startswith("→ ")
    assert separate("init", "--dry-run", store, KINETUNE_DEBUG="0").err == ""


def test_debug_adds_the_trace_above_the_line() -> None:
    place = f"postgres://u:{SECRET}@127.0.0.1:{free_port()}/x"
    plain, traced = separate("explain", place), separate("--debug", "explain", place)
    assert (plain.status, traced.status) == (3, 3)
    assert "Traceback" in traced.err
    assert "could_not_connect" in traced.err
    assert traced.err.splitlines()[-1] == plain.err.rstrip("\n")


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
def test_a_password_is_in_no_output(guarded: str, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    files = ("--output", "report.html", "--save", "run.json") if arguments[0] == "explain" else ()
    said = separate("--debug", *arguments, *files, guarded, folder=tmp_path)
    assert said.status == (2 if "none" in arguments else 0), said.err
    everything = said.out + said.err + "".join(path.read_text() for path in tmp_path.iterdir())
    assert SECRET not in everything
    assert "postgres:" not in re.sub("postgres://|embedded_postgres:", "", everything)


@pytest.mark.parametrize("place", ["{0}?sslmode=none", "{0}x", "{1}", "{0}?password=" + SECRET + "&sslmode=require"])
def test_a_password_is_in_no_failure(guarded: str, place: str) -> None:
    said = separate("--debug", "init", "--yes", place.format(guarded, guarded.replace(SECRET, f"x{SECRET}")))
    assert said.status in (0, 3)
    assert SECRET not in said.out + said.err


def test_an_endpoint_out_of_the_environment_is_kept_as_secret(guarded: str) -> None:
    for said in (
        call("init", "--dry-run", KINETUNE_ENDPOINT=guarded),
        call("init", "--dry-run", K3S_DATASTORE_ENDPOINT=guarded),
        call("init", "--dry-run", KINE_ENDPOINT=guarded),
    ):
        assert said.status == 0
        assert SECRET not in said.out + said.err
