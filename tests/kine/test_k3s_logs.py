"""The logs of a real K3s: no line with a password or a token, and a report that fits the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetune.kine.advice import AdviceContext, find_advice
from kinetune.logs.options import LogSources
from kinetune.logs.read_logs import read_logs
from kinetune.model.hotspot import StoreKind, Vantage

LOGS = sorted((Path(__file__).parents[1] / "data" / "logs").glob("k3s-*.log"))
RUNNING = {
    "k3s-sqlite.log": StoreKind.SQLITE,
    "k3s-sqlite-table-gone.log": StoreKind.SQLITE,
    "k3s-etcd.log": StoreKind.ETCD,
    "k3s-postgresql-killed.log": StoreKind.POSTGRESQL,
    "k3s-yugabytedb-killed.log": StoreKind.POSTGRESQL,
}


def test_all_logs_are_here() -> None:
    assert {log.name for log in LOGS} >= RUNNING.keys()
    assert sum(log.name.startswith("k3s-start-") for log in LOGS) >= 4


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_no_log_has_a_secret(log: Path) -> None:
    text = log.read_text(encoding="utf-8")
    assert not [word for word in ("PRIVATE KEY", "::server:", "K10", "right-one", "wrong-one") if word in text]


@pytest.mark.parametrize("name", RUNNING)
def test_every_slow_statement_of_a_running_k3s_is_kines(name: str) -> None:
    log = next(log for log in LOGS if log.name == name)
    reading = read_logs(LogSources((str(log),)))
    assert reading.counts.not_understood == 0
    assert reading.origin.store_kind is RUNNING[name]
    assert bool(reading.hotspots) is (RUNNING[name] is not StoreKind.ETCD)
    assert {spot.vantage for spot in reading.hotspots} <= {Vantage.KINE_LOG}
    assert all(spot.query for spot in reading.hotspots)


@pytest.mark.parametrize("name", ["k3s-sqlite.log", "k3s-sqlite-table-gone.log"])
def test_sqlite_gets_no_advice_for_postgresql(name: str) -> None:
    log = next(log for log in LOGS if log.name == name)
    reading = read_logs(LogSources((str(log),)))
    context = AdviceContext(origin=reading.origin)
    for spot in reading.hotspots:
        parts = find_advice(spot, context)
        assert parts is not None
        assert parts.cause == "the store is SQLite, which kinetune does not tune"
        assert not parts.command
        assert "KT" not in str(parts)


def test_the_loss_of_a_yugabytedb_node_shows_in_the_log_of_k3s() -> None:
    """Three nodes (2.21), one killed while K3s v1.35.0 wrote: calls wait for new leaders, and one is aborted."""
    reading = read_logs(LogSources((str(LOGS[0].parent / "k3s-yugabytedb-killed.log"),)))
    assert [str(release) for release in reading.origin.releases] == ["K3s v1.35.0+k3s1"]
    assert sum(spot.count for spot in reading.hotspots) == 80
    assert {"GetCurrentVal", "AfterOldVal", "Insert"} <= {spot.query for spot in reading.hotspots}
    (aborted,) = [signal for signal in reading.signals if signal.kind == "serialization"]
    assert aborted.count >= 6
