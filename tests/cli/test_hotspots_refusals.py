"""Limits gone over are exit 1, wrong calls 2, and what could not be looked at 3: `kinetune hotspots` in pipelines."""

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
def test_a_limit_gone_over_is_exit_1_and_says_where(log: Path, limit: str) -> None:
    limit = {"total=1min": "total=54s"}.get(limit, limit)
    said = call("hotspots", log, "--fail-over", limit)
    assert said.status == 1
    assert re.match(rf"over {re.escape(limit)}: (ListCurrentVal on pods|AfterAllOldVal) \(Kine's log, ", said.line)
    assert f"over {limit}: " in said.out
    assert json.loads(call("hotspots", log, "--fail-over", limit, "--format", "json").out)["over"][0]["limit"] == limit


@pytest.mark.parametrize("limit", ["p99=31s", "count=10", "share=99%", "AfterAllOldVal:count=1", "Compact:p99=1ms"])
def test_a_limit_that_was_kept_is_exit_0(log: Path, limit: str) -> None:
    said = call("hotspots", log, "--fail-over", limit)
    assert (said.status, said.err) == (0, "")


def test_each_limit_is_looked_at(log: Path) -> None:
    said = call(
        "hotspots", log, "--fail-over", "p99=31s", "--fail-over", "ListCurrentVal:max=5s", "--fail-over", "count=1"
    )
    assert said.status == 1
    assert said.line.startswith("over ListCurrentVal:max=5s: ListCurrentVal on pods")
    assert "and 1 more" in said.line


WRONG = {
    ("--by", "pod"): "--by pod is not known; choose resource, namespace, key",
    ("--top", "0"): "Invalid value for '--top'",
    ("--jobs", "0"): "Invalid value for '--jobs'",
    ("--min-duration", "5"): "--min-duration 5 is not a duration; write --min-duration 250ms, 2s or 1m30s",
    ("--min-duration", "fast"): "--min-duration fast is not a duration",
    ("--from", "yesterday"): "--from yesterday is not a time; write --from 2026-11-23T14:00:00Z, or --from 2h",
    ("--to", "24:99"): "--to 24:99 is not a time",
    ("--from", "1h", "--to", "2h"): "--from 1h is after --to 2h; exchange them",
    ("--zone", "Mars/Olympus"): "no time zone is called Mars/Olympus; write --zone Europe/Berlin, or UTC",
    ("--fail-over", "p99"): "--fail-over p99 is not understood; write p99=2s or ListCurrentVal:p99=2s; known: p50",
    ("--fail-over", "p98=2s"): "--fail-over p98=2s is not understood",
    ("--fail-over", "p99=2"): "--fail-over p99 2 is not a duration",
    ("--fail-over", "count=many"): "--fail-over count=many is not a number; write count=1000 or share=50%",
    ("--format", "pdf"): "no format is called pdf; choose one of",
    ("--format", "sarif"): "sarif is for kinetune check",
    ("-o", "/nowhere/a.html"): "cannot write /nowhere/a.html",
    ("--save", "a.json"): "--interval, --since and --save are for counters; add --endpoint or --metrics",
    (
        "--endpoint",
        "postgres://127.0.0.1:1/x",
        "--interval",
        "0s",
    ): "--interval is 0; give the time between two readings",
    ("--interval", "10s"): "--interval, --since and --save are for counters",
    ("--explain", "3"): "--explain needs a store; add --endpoint",
    ("--watch", "0"): "Invalid value for '--watch'",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_call_is_exit_2_and_one_line(arguments: tuple[str, ...], log: Path) -> None:
    said = call("hotspots", log, *arguments, folder=log.parent)
    assert said.status == 2
    assert said.out == ""
    assert said.line.startswith(WRONG[arguments])


def test_nothing_named_is_exit_2(tmp_path: Path) -> None:
    said = call("hotspots", folder=tmp_path)
    assert said.status == 2
    assert said.line.startswith("nothing to read is named; name a log, --journal, --metrics or --endpoint")


def test_what_cannot_be_read_is_exit_3(tmp_path: Path) -> None:
    missing = call("hotspots", tmp_path / "k3s.log")
    assert (missing.status, missing.out) == (3, "")
    assert missing.line.endswith("k3s.log cannot be read: No such file or directory")
    (tmp_path / "other.log").write_text("127.0.0.1 - - GET / 200\n" * 9)
    other = call("hotspots", tmp_path / "other.log")
    assert (other.status, other.out) == (3, "")
    assert other.line.startswith("none of 9 lines was understood; known are logs of Kine and K3s")
    (tmp_path / "empty.log").touch()
    empty = call("hotspots", tmp_path / "empty.log")
    assert (empty.status, empty.out) == (3, "")
    assert empty.line.startswith(f"{tmp_path / 'empty.log'} is empty; is it the right file")


def test_a_source_that_failed_beside_others_is_told_and_exit_3(log: Path) -> None:
    said = call("hotspots", log, "--metrics", "/nowhere/metrics.txt")
    assert said.status == 3
    assert "ListCurrentVal" in said.out
    assert "/nowhere/metrics.txt" in said.line


def test_metrics_keep_limits_too() -> None:
    assert call("hotspots", "--metrics", METRICS, "--fail-over", "p99=100ms").status == 0
    said = call("hotspots", "--metrics", METRICS, "--fail-over", "InsertReturning:p99=1ms")
    assert said.status == 1
    assert said.line.startswith("over InsertReturning:p99=1ms: InsertReturning (Kine's metrics, 52 calls, ")


def test_a_packed_file_cannot_be_followed(log: Path, tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(log.read_bytes()))
    said = call("hotspots", tmp_path / "a.log.gz", "--follow")
    assert said.status == 2
    assert "is packed and cannot grow" in said.line
