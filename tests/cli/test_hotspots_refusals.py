"""Exit status of `kinetune hotspots`: 1 for an exceeded limit, 2 for a wrong call, 3 for an unreadable source."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.cli.call import call
from tests.cli.slow_log import slow_log

METRICS = Path(__file__).parents[1] / "data" / "hotspots" / "metrics.txt"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return slow_log(tmp_path)


@pytest.mark.parametrize(
    "limit",
    [
        "p99=2s",
        "p99=2",
        "p50=1s",
        "max=29s",
        "mean=5s",
        "total=1min",
        "count=9",
        "share=50%",
        "ListCurrentVal:p95=9s",
        "share=0.3",
    ],
)
def test_an_exceeded_limit_is_exit_1_and_names_the_hotspot(log: Path, limit: str) -> None:
    limit = {"total=1min": "total=54s"}.get(limit, limit)
    result = call("hotspots", log, "--fail-over", limit)
    assert result.status == 1
    assert re.match(
        rf"limit {re.escape(limit)} exceeded: (ListCurrentVal on pods|AfterAllOldVal) \(Kine's log, ", result.line
    )
    assert f"limit {limit} exceeded: " in result.out
    assert json.loads(call("hotspots", log, "--fail-over", limit, "--format", "json").out)["over"][0]["limit"] == limit


@pytest.mark.parametrize("limit", ["p99=31s", "count=10", "share=99%", "AfterAllOldVal:count=1", "Compact:p99=1ms"])
def test_a_limit_that_is_not_exceeded_is_exit_0(log: Path, limit: str) -> None:
    result = call("hotspots", log, "--fail-over", limit)
    assert (result.status, result.err) == (0, "")


def test_each_limit_is_checked(log: Path) -> None:
    result = call(
        "hotspots", log, "--fail-over", "p99=31s", "--fail-over", "ListCurrentVal:max=5s", "--fail-over", "count=1"
    )
    assert result.status == 1
    assert result.line.startswith("limit ListCurrentVal:max=5s exceeded: ListCurrentVal on pods")
    assert "and 1 more" in result.line


WRONG = {
    ("--by", "pod"): "--by pod is unknown; use resource, namespace, key",
    ("--top", "0"): "Invalid value for '--top'",
    ("--jobs", "0"): "Invalid value for '--jobs'",
    (
        "--min-duration",
        "5 parsecs",
    ): "--min-duration '5 parsecs' is not a duration; write a number with its unit, such as 10s",
    ("--min-duration", "fast"): "--min-duration 'fast' is not a duration",
    ("--from", "yesterday"): "--from yesterday is not a time; write --from 2026-11-23T14:00:00Z, or --from 2h",
    ("--to", "24:99"): "--to 24:99 is not a time",
    ("--from", "1h", "--to", "2h"): "--from 1h is after --to 2h; exchange them",
    ("--timezone", "Mars/Olympus"): "--timezone Mars/Olympus is unknown; write --timezone Europe/Berlin, or UTC",
    (
        "--fail-over",
        "p99",
    ): "--fail-over p99 is not a limit of p50, p95, p99, max, mean, total, count and share; write a ",
    ("--fail-over", "p98=2s"): "--fail-over p98=2s is not a limit of p50, ",
    ("--fail-over", "p99=2 furlongs"): "--fail-over p99 '2 furlongs' is not a duration",
    ("--fail-over", "count=many"): "--fail-over count=many is not a number; write a limit such as p99=2s, ",
    ("--format", "pdf"): "unknown format pdf; choose one of",
    ("--format", "sarif"): "sarif is for kinetune check",
    ("-o", "/nowhere/a.html"): "cannot write /nowhere/a.html",
    ("--save", "a.json"): "--interval, --since and --save need counters; add --endpoint or --metrics",
    (
        "--endpoint",
        "postgres://127.0.0.1:1/x",
        "--interval",
        "0s",
    ): "--interval '0s' is less than 0.1s; write 0.1s or more",
    ("--interval", "10s"): "--interval, --since and --save need counters",
    ("--explain", "3"): "--explain needs a database; add --endpoint",
    ("postgres://kine:hunter2@db/kubernetes",): "SOURCE is an endpoint of a database, not a log; write --endpoint bef",
    ("host=db password=hunter2",): "SOURCE is an endpoint of a database, not a log; write --endpoint before it",
    ("https://kine:8080/metrics",): "SOURCE is a URL, not a log; use --metrics for Kine's /metrics, or --loki for Loki",
    ("--endpoint", "postgres://127.0.0.1:1/x", "--metrics", str(METRICS), "--interval", "1s"): (
        f"--interval cannot be used with the file {METRICS}"
    ),
    ("--refresh", "0"): "--refresh '0' is less than 0.2s; write 0.2s or more",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_call_is_exit_2_and_one_line(arguments: tuple[str, ...], log: Path) -> None:
    result = call("hotspots", log, *arguments, folder=log.parent)
    assert result.status == 2
    assert result.out == ""
    assert result.line.startswith(WRONG[arguments])
    assert "hunter2" not in result.err


def test_no_source_is_exit_2(tmp_path: Path) -> None:
    result = call("hotspots", folder=tmp_path)
    assert result.status == 2
    assert result.line.startswith("no source; name a log, or use --journal, --loki, --kubectl, --metrics or --endpoint")


def test_what_cannot_be_read_is_exit_3(tmp_path: Path) -> None:
    missing = call("hotspots", tmp_path / "k3s.log")
    assert (missing.status, missing.out) == (3, "")
    assert missing.line.endswith("k3s.log: No such file or directory")
    assert missing.line.startswith("cannot read ")
    (tmp_path / "other.log").write_text("127.0.0.1 - - GET / 200\n" * 9)
    other = call("hotspots", tmp_path / "other.log")
    assert (other.status, other.out) == (3, "")
    assert other.line.startswith("cannot understand any of 9 lines; kinetune reads logs of Kine and K3s")
    (tmp_path / "empty.log").touch()
    empty = call("hotspots", tmp_path / "empty.log")
    assert (empty.status, empty.out) == (3, "")
    assert empty.line.startswith(f"{tmp_path / 'empty.log'} is empty; check the name of the file")


def test_one_failed_source_is_reported_with_exit_3(log: Path) -> None:
    result = call("hotspots", log, "--metrics", "/nowhere/metrics.txt")
    assert result.status == 3
    assert "ListCurrentVal" in result.out
    assert "/nowhere/metrics.txt" in result.line


def test_limits_apply_to_metrics() -> None:
    assert call("hotspots", "--metrics", METRICS, "--fail-over", "p99=100ms").status == 0
    result = call("hotspots", "--metrics", METRICS, "--fail-over", "InsertReturning:p99=1ms")
    assert result.status == 1
    assert result.line.startswith("limit InsertReturning:p99=1ms exceeded: InsertReturning (Kine's metrics, 52 calls, ")


def test_a_packed_file_cannot_be_followed(log: Path, tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(log.read_bytes()))
    result = call("hotspots", tmp_path / "a.log.gz", "--follow")
    assert result.status == 2
    assert "a compressed file does not grow" in result.line
