"""One load, measured three times: Kine's log, the server's statistics and Kine's metrics have the same hotspots."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kinetune.etcd.client import EtcdClient
from tests.cli.call import call
from tests.cluster import free_port
from tests.database.stores import make
from tests.kine.process import Kine

TAG = "v0.17.5"
OBJECTS = 6000
COUNTS, LISTS, PAGES, CREATES = 80, 2, 40, 60
PODS = "/registry/pods/"
# Three revisions of each pod before Kine starts: what is listed and counted costs the server more than the way to it.
FILL = """
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value)
SELECT '/registry/pods/default/p' || lpad(o::text, 6, '0'), (r = 0)::int, 0, CASE WHEN r = 0 THEN 0 ELSE o END,
       CASE WHEN r = 0 THEN 0 ELSE (r - 1) * %(n)s + o END, 0, decode(repeat(md5(o::text), 16), 'hex')
FROM generate_series(0, 2) AS r, generate_series(1, %(n)s) AS o ORDER BY r, o
"""


def load(etcd: EtcdClient) -> None:
    """
    Counts of all pods are the heaviest; then pages, each of which has Kine count once more.

    Few whole lists: the server counts the sending of their rows, Kine does not, so their rank is a matter of who asks.
    """
    for _ in range(COUNTS):
        etcd.count(PODS)
    for _ in range(LISTS):
        etcd.list(PODS)
    page = etcd.list(PODS, limit=500)
    for _ in range(PAGES):
        etcd.list_next(PODS, page, limit=500)
    for number in range(CREATES):
        etcd.create(f"{PODS}default/new{number:04}", b"v" * 1000)


def read_rankings(*arguments: object) -> dict[str, Any]:
    """The hotspots in the JSON report, by vantage."""
    result = call("hotspots", *arguments, "--format", "json")
    assert (result.status, result.err) == (0, ""), result.err
    return {one["vantage"]: one["hotspots"] for one in json.loads(result.out)["vantages"]}


def by_query(spots: list[dict[str, Any]]) -> dict[str, tuple[int, float]]:
    """Count and total ms of each query over all resources, heaviest first."""
    sums: dict[str, tuple[int, float]] = {}
    for spot in spots:
        count, total = sums.get(spot["query"], (0, 0.0))
        sums[spot["query"]] = (count + spot["count"], total + spot["total_ms"])
    return dict(sorted(sums.items(), key=lambda item: -item[1][1]))


@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_log_statistics_and_metrics_agree(
    built: Callable[[str], Path], database15: str, tmp_path: Path, log_format: str
) -> None:
    built(TAG)
    metrics = f"127.0.0.1:{free_port()}"
    settings = {"slow_sql_threshold": "1ns", "metrics_bind_address": metrics, "log_format": log_format}
    with psycopg.connect(database15, autocommit=True) as side:
        side.execute("CREATE EXTENSION pg_stat_statements")
        make(database15)
        side.execute(FILL.encode(), {"n": OBJECTS})
        side.execute("ANALYZE kine")
        with Kine(TAG, f"{database15}?application_name=kine", {}, **settings) as kine:
            with kine.client() as etcd:
                load(etcd)
            (tmp_path / "kine.log").write_text(kine.text())
            address = f"http://{metrics}/metrics"
            seen = read_rankings(tmp_path / "kine.log", "--endpoint", database15, "--metrics", address)
    log, server, counted = (by_query(seen[one]) for one in ("kine log", "statements", "metrics"))
    heaviest = [list(one)[:3] for one in (log, server, counted)]
    assert heaviest[0] == heaviest[1] == heaviest[2]
    assert heaviest[0] == ["CountCurrent", "CountRevision", "GetRevisionAfterVal"]
    for query in heaviest[0]:
        counts = [one[query][0] for one in (log, server, counted)]
        assert max(counts) <= 1.1 * min(counts), (query, counts)
    assert log["CountCurrent"][0] == server["CountCurrent"][0] == counted["CountCurrent"][0] == COUNTS
    assert log["InsertReturning"][0] == server["InsertReturning"][0] == counted["InsertReturning"][0] >= CREATES


def test_the_log_names_the_resource_of_each_hotspot(
    built: Callable[[str], Path], database15: str, tmp_path: Path
) -> None:
    built(TAG)
    with Kine(TAG, database15, {}, slow_sql_threshold="1ns") as kine:
        with kine.client() as etcd:
            etcd.create(f"{PODS}default/one", b"v")
            etcd.list(PODS)
            etcd.create("/registry/secrets/kube-system/two", b"v")
        (tmp_path / "kine.log").write_text(kine.text())
    spots = read_rankings(tmp_path / "kine.log")["kine log"]
    assert {(one["query"], one["resource"]) for one in spots} >= {
        ("InsertReturning", PODS),
        ("ListCurrentVal", PODS),
        ("InsertReturning", "/registry/secrets/"),
    }
    keyed = read_rankings(tmp_path / "kine.log", "--by", "key")["kine log"]
    assert ("InsertReturning", "/registry/secrets/kube-system/two") in {
        (one["query"], one["resource"]) for one in keyed
    }
    redacted = call("hotspots", tmp_path / "kine.log", "--by", "key", "--redact", "--format", "json")
    assert "kube-system" not in redacted.out
