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
from tests.k3s import GROUP
from tests.k3s import SCRIPT as K3S
from tests.yugabytedb.cluster import Ours
from tests.yugabytedb.conftest import Apart, Yb
from tests.yugabytedb.load import longest_silence, lost, written_while
from tests.yugabytedb.sources import ServerSources, at_host, load_all_nodes, logging_kine, require_agreement
from tests.yugabytedb.stores import early, fill, findings, planted, reltuples

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group(GROUP)]
STALL_SECONDS = 15.0
MANY = 15
"""Gaps, or ids that are taken, in three seconds; a sequence that caches none gives up to 6 in as many."""
START_SECONDS = 100.0
"""Of a K3s server: 16 to 24 s on a machine without other work."""


def cluster_of(yb: Yb) -> Ours:
    assert yb.ours is not None
    return yb.ours


@pytest.mark.parametrize(("kine", "node"), [("v0.14.16", 1), ("v0.16.4", 3), ("v0.17.5", 1)])
def test_no_acknowledged_write_is_lost_with_a_node(apart: Apart, tmp_path: Path, kine: str, node: int) -> None:
    """
    Node 3 dies. A Kine with its sessions there connects to the other one of its endpoint, and hotspots shows why.

    v0.17.5 acknowledges creates that failed (KT601; docs/facts/measured.md §2, §8: 1 of 1,500): those are printed and
    fail nothing. No update is lost by any release.
    """
    yb = apart("--cache", "1")
    ours = cluster_of(yb)
    with yb.fresh() as dsn:
        assert yb.init(dsn).status == 0
        server = ServerSources(yb, dsn)
        with logging_kine(kine, at_host(dsn, f"{ours.net}.{node}", f"{ours.net}.1")) as running:
            ledgers = written_while(running, lambda: _killed(ours))
            running.stop()
            logs = [running.log.read_bytes()]
        require_agreement(logs, server, [f"{ours.net}.1"])
        if node == 3:
            told = yb.run("hotspots", *server.write_logs(tmp_path, logs), "--endpoint", dsn)
            assert "a lost node of YugabyteDB" in told.out, told.out
            assert "waits for a connection" not in told.out
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


def starts(environment: dict[str, str], *arguments: str, seconds: float) -> bool:
    """Whether the server is ready in time. It ends where the store does not answer its start hooks in time."""
    try:
        done = subprocess.run(
            [K3S, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return False
    assert done.returncode == 0 or "pkg/server/hooks.go" in done.stderr, done.stderr
    return done.returncode == 0


def kubectl(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [K3S, "kubectl", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_k3s_server_starts_on_a_prepared_store_and_outlives_a_node(apart: Apart, k3s: dict[str, str]) -> None:
    """
    The first use in README. With its own schema it takes about twice as long (docs/facts/measured.md §10).

    A start may fail: Kine v0.14.9 says that an object exists whose id a gap row took (docs/facts/yugabytedb.md §0), and
    the API server waits for that object. As an administrator does, it is started again.
    """
    yb = apart("--cache", "1")
    ours = cluster_of(yb)
    with yb.fresh() as own, yb.fresh() as dsn:
        assert yb.init(dsn, "--k3s", "v1.35.0").status == 0
        started = time.monotonic()
        at_once = starts(k3s, "up", dsn, seconds=START_SECONDS)
        ready = time.monotonic() - started
        assert at_once or starts(k3s, "start", seconds=START_SECONDS)
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
        if at_once:
            assert not starts(k3s, "up", own, seconds=ready)
            down(k3s)
            assert yb.execute(own, "SELECT to_regclass('kine') IS NOT NULL") == [(True,)]


def test_with_read_committed_on_every_tserver_isolation_is_as_kine_asks(apart: Apart) -> None:
    """The remedy of KT404, flag and restart."""
    for more in ((), ("--yb_enable_read_committed_isolation=true",)):
        yb = apart("--cache", "1", *more)
        with yb.fresh() as dsn:
            assert yb.init(dsn).status == 0
            assert ("KT404" in findings(yb, dsn, "--no-plans")) is not bool(more)


def test_with_cached_ids_nothing_is_made_and_the_probe_finds_them(apart: Apart, tmp_path: Path) -> None:
    """The last of this file: the cluster is begun anew with other flags. Kines at all nodes fill gaps all the time."""
    yb = apart("--cache", "100")
    assert yb.flag == 100
    with yb.fresh() as dsn:
        refused = yb.run("init", "--yes", dsn)
        assert refused.status == 4
        assert "ids would be cached" in refused.err
        assert ask(yb.dsn, f"SELECT 1 FROM pg_database WHERE datname = '{dsn.rpartition('/')[2].split('?')[0]}'") == []
        assert yb.init(dsn).status == 0  # with --allow SEQUENCE_CACHE
        assert {"KT201", "KT205", "KT206"} <= set(findings(yb, dsn, "--probe", "--no-plans"))
        server = ServerSources(yb, dsn)
        logs = load_all_nodes(server, "v0.16.4", 3)
        require_agreement(logs, server, server.hosts)
        told = yb.run("hotspots", *server.write_logs(tmp_path, logs), "--endpoint", dsn, "--format", "json")
        assert told.status == 0, told.err
        found = json.loads(told.out)
        (taken,) = [signal for signal in found["signals"] if signal["kind"] == "id-taken"]
        assert taken["count"] >= MANY
        assert "a sequence that caches ids" in taken["cause"]
        fills = [spot for vantage in found["vantages"] for spot in vantage["hotspots"] if spot["query"] == "Fill"]
        assert len(fills) == 3
        assert min(spot["count"] for spot in fills) >= MANY
        assert all("restart every tserver with --ysql_sequence_cache_minval=1" in spot["advice"] for spot in fills)
