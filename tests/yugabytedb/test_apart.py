"""On a cluster of their own: flags that cache ids, nodes that die, a real K3s server."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database.stores import ask
from tests.yugabytedb.cluster import Ours
from tests.yugabytedb.conftest import Apart, Yb
from tests.yugabytedb.load import longest_silence, lost, written_while
from tests.yugabytedb.stores import RestartedKine, early, fill, findings, planted, reltuples

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group("yugabytedb-apart")]
K3S = Path(__file__).parents[3] / "shared" / "k3s" / "k3s"
STALL_SECONDS = 15.0


def cluster_of(yb: Yb) -> Ours:
    assert yb.ours is not None
    return yb.ours


@pytest.mark.parametrize("kine", ["v0.14.16", "v0.16.4", "v0.17.5"])
def test_no_acknowledged_write_is_lost_with_a_node(apart: Apart, kine: str) -> None:
    """
    v0.17.5 acknowledges creates that failed (KT601; docs/facts/measured.md §2, §8: 1 of 1,500): those are printed and
    fail nothing. No update is lost by any release.
    """
    yb = apart("--cache", "1")
    ours = cluster_of(yb)
    with yb.fresh() as dsn:
        assert yb.init(dsn).status == 0
        with RestartedKine(kine, dsn) as running:
            ledgers = written_while(running, lambda: _killed(ours))
        creates, updates = lost(dsn, ledgers)
        assert updates == []
        if kine != "v0.17.5":
            assert creates == []
        elif creates:
            print(f"KT601: {kine} acknowledged and lost {', '.join(creates)}")
        assert sum(len(one.moments) for one in ledgers) > 100
        assert longest_silence(ledgers) < STALL_SECONDS
        ours.start(3)


def _killed(ours: Ours) -> None:
    time.sleep(3)
    ours.kill(3)
    time.sleep(10)


def test_an_init_during_which_a_node_dies_is_finished_by_the_next(apart: Apart) -> None:
    yb = apart("--cache", "1")
    ours = cluster_of(yb)
    with yb.empty() as dsn:
        killer = threading.Timer(1.0, lambda: ours.kill(3))
        killer.start()
        first = yb.init(dsn)
        killer.join()
        assert first.status in (0, 3), first.err
        second = yb.init(dsn)
        assert second.status == 0, second.err
        assert (reltuples(dsn), planted(dsn)) == (2_000, 0)
        fill(dsn, 500)
        missing = yb.run("check", "--format", "json", "--kine", "v0.16.4", dsn)
        assert f"cannot read node {ours.net}.3:5433" in missing.out, (
            ours.answers(3),
            [one for one in json.loads(missing.out)["skipped"] if one["code"] < "KT5"],
        )
        ours.start(3)


@pytest.fixture
def k3s(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a K3s server of the test's own."""
    if not K3S.exists():
        pytest.skip(f"no K3s: {K3S} is not there")
    environment = {**os.environ, "K3S_DATA": str(tmp_path / "k3s")}
    yield environment
    down(environment)


def down(environment: dict[str, str]) -> None:
    subprocess.run([K3S, "down"], env=environment, check=True, stdin=subprocess.DEVNULL)


def up(environment: dict[str, str], dsn: str) -> float:
    """Seconds until the server is ready."""
    started = time.monotonic()
    done = subprocess.run([K3S, "up", dsn], env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - started


def kubectl(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [K3S, "kubectl", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_k3s_server_starts_on_a_prepared_store_and_outlives_a_node(apart: Apart, k3s: dict[str, str]) -> None:
    """The first use in README. With its own schema it takes about twice as long (docs/facts/measured.md §10)."""
    yb = apart("--cache", "1")
    ours = cluster_of(yb)
    with yb.fresh() as own, yb.fresh() as dsn:
        assert yb.init(dsn, "--k3s", "v1.35.0").status == 0
        ready = up(k3s, dsn)
        kubectl(k3s, "create", "configmap", "before", "--from-literal=a=b")
        ours.kill(3)
        kubectl(k3s, "create", "configmap", "without-a-node", "--from-literal=a=b")
        ours.start(3)
        found = findings(yb, dsn, kine="v0.14.9")
        assert not early(found), early(found)
        log = Path(k3s["K3S_DATA"]) / "log"
        told = yb.run("hotspots", log, "--format", "json")
        assert told.status == 0, told.err
        assert json.loads(told.out)["vantages"]
        assert ask(dsn, "SELECT count(*) FROM kine WHERE name LIKE '%/without-a-node'") == [(1,)]
        down(k3s)
        without = up(k3s, own)
        down(k3s)
        assert ready < without


def test_with_read_committed_on_every_tserver_isolation_is_as_kine_asks(apart: Apart) -> None:
    """The remedy of KT404, flag and restart."""
    for more in ((), ("--yb_enable_read_committed_isolation=true",)):
        yb = apart("--cache", "1", *more)
        with yb.fresh() as dsn:
            assert yb.init(dsn).status == 0
            assert ("KT404" in findings(yb, dsn, "--no-plans")) is not bool(more)


def test_with_cached_ids_nothing_is_made_and_the_probe_finds_them(apart: Apart) -> None:
    """The last of this file: the cluster is begun anew with other flags."""
    yb = apart("--cache", "100")
    assert yb.flag == 100
    with yb.fresh() as dsn:
        refused = yb.run("init", "--yes", dsn)
        assert refused.status == 4
        assert "ids would be cached" in refused.err
        assert ask(yb.dsn, f"SELECT 1 FROM pg_database WHERE datname = '{dsn.rpartition('/')[2].split('?')[0]}'") == []
        assert yb.init(dsn).status == 0  # with --allow SEQUENCE_CACHE
        assert {"KT201", "KT205", "KT206"} <= set(findings(yb, dsn, "--probe", "--no-plans"))
