"""K3s' flags, keys and variables on the real server (docs/facts/kine.md §9.2), as KT606 and KT603 say of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kinetune.kine.pool_limit import FLAG, VARIABLE
from tests.conftest import absent
from tests.k3s import GROUP, SCRIPT

pytestmark = pytest.mark.xdist_group(GROUP)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """That of a K3s server of the test's own."""
    if not SCRIPT.exists():
        absent(f"no K3s: {SCRIPT} is not there")
    environment = {**os.environ, "K3S_DATA": str(tmp_path / "k3s")}
    yield environment
    subprocess.run([SCRIPT, "kill"], env=environment, check=True, stdin=subprocess.DEVNULL)


def up(environment: dict[str, str], dsn: str, *flags: str) -> tuple[int, str]:
    """Its exit status, and its log."""
    place = f"{dsn}?sslmode=disable" if dsn else ""
    done = subprocess.run([SCRIPT, "up", place, *flags], env=environment, capture_output=True, timeout=120, check=False)
    return done.returncode, (Path(environment["K3S_DATA"]) / "log").read_text(encoding="utf-8")


def test_k3s_has_no_flag_for_the_pool(environment: dict[str, str], database15: str) -> None:
    status, log = up(environment, database15, f"--{FLAG}=20")
    assert status
    assert f"flag provided but not defined: -{FLAG}" in log


def test_k3s_reads_the_variable_of_the_remedy(environment: dict[str, str], database15: str, tmp_path: Path) -> None:
    """A bound of 2 is kept, and the key in config.yaml, which says 1, is passed over: with it K3s would hang."""
    config = tmp_path / "config.yaml"
    config.write_text(f"{FLAG}: 1\n")
    status, log = up(environment | {VARIABLE: "2"}, database15, "--config", str(config))
    assert status == 0, log[-2000:]
    assert f"Unknown flag --{FLAG} found in config.yaml, skipping" in log
    name = database15.rpartition("/")[2]
    with psycopg.connect(database15) as connection:
        seen = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", (name,)
        ).fetchone()
    assert seen == (2,)


def test_a_variable_that_kine_cannot_read_ends_k3s(environment: dict[str, str], database15: str) -> None:
    status, log = up(environment | {VARIABLE: "ten"}, database15)
    assert status
    assert f'environment variable "{VARIABLE}"' in log


def test_a_blank_before_the_dash_leaves_k3s_on_sqlite(environment: dict[str, str], database15: str) -> None:
    status, _ = up(environment, "", f" --datastore-endpoint={database15}?sslmode=disable")
    assert status == 0
    assert (Path(environment["K3S_DATA"]) / "server" / "db" / "state.db").exists()
    with psycopg.connect(database15) as connection:
        assert connection.execute("SELECT to_regclass('kine')").fetchone() == (None,)
