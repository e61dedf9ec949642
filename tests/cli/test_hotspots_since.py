"""--save and --since: the increase of counters between two times."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.call import call
from tests.cli.slow_log import read_hotspots
from tests.cluster import Cluster
from tests.database.stores import ask, make

METRICS = Path(__file__).parents[1] / "data" / "hotspots" / "metrics.txt"


def later(folder: Path, name: str, **calls: int) -> Path:
    """The recorded metrics with more calls of each query, of 100 ms each."""
    text = (METRICS).read_text()
    for query, more in calls.items():
        for end, unit in (("count", 1.0), ("sum", 0.1)):
            head = f'kine_sql_time_seconds_{end}{{error_code="",name="{query}"}} '
            before = float(text.split(head)[1].split("\n")[0])
            text = re.sub(re.escape(head) + r".*", f"{head}{before + more * unit}", text)
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("name", ["monday.txt", "tuesday.txt"])
def test_since_shows_the_increase_after_save(name: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    first = shutil.copy(METRICS, tmp_path / "monday.txt")
    assert call("hotspots", "--metrics", first, "--save", kept).status == 0
    assert json.loads(kept.read_text())["kind"] == "kinetune counters"
    spots = read_hotspots("--metrics", later(tmp_path, name, InsertReturning=10, ListCurrentVal=2), "--since", kept)
    assert [(one["query"], one["count"], round(one["total_ms"])) for one in spots] == [
        ("InsertReturning", 10, 1000),
        ("ListCurrentVal", 2, 200),
    ]


def test_since_with_a_snapshot_of_another_kine_is_exit_3(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    call("hotspots", "--metrics", METRICS, "--save", kept)
    text = re.sub(r"(?m)^process_start_time_seconds .*", "process_start_time_seconds 1.7e9", (METRICS).read_text())
    (tmp_path / "other.txt").write_text(text)
    result = call("hotspots", "--metrics", tmp_path / "other.txt", "--since", kept, "--fail-over", "p99=1ms")
    assert (result.status, result.out) == (3, "")
    assert result.line.startswith("the earlier reading has no data of ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not JSON or is truncated: "),
        ("{}", "contains no counters; create one with kinetune hotspots --save FILE"),
        (
            '{"kind": "kinetune counters", "schema": 99}',
            "has schema 99, this kinetune reads 1; update kinetune",
        ),
        ('{"kind": "kinetune counters", "schema": 1, "metrics": 7}', "is damaged: "),
    ],
)
def test_a_damaged_snapshot_is_exit_2(content: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(content)
    result = call("hotspots", "--metrics", METRICS, "--since", tmp_path / "kept.json")
    assert (result.status, result.out) == (2, "")
    assert reason in result.line


def test_since_refuses_the_counters_of_another_database(pg15: Cluster, database15: str, tmp_path: Path) -> None:
    """Else everything that the other database ever counted would be an increase."""
    ask(database15, "CREATE EXTENSION pg_stat_statements")
    make(database15)
    kept = tmp_path / "kept.json"
    assert call("hotspots", "--endpoint", database15, "--save", kept).status == 0
    assert call("hotspots", "--endpoint", database15, "--since", kept).status == 0
    ask(pg15.dsn(), "CREATE DATABASE another")
    try:
        ask(pg15.dsn("another"), "CREATE EXTENSION pg_stat_statements")
        result = call("hotspots", "--endpoint", pg15.dsn("another"), "--since", kept)
    finally:
        ask(pg15.dsn(), "DROP DATABASE another")
    assert result.status == 2
    assert "--since has the counters of database t" in result.line
    assert "the endpoint is database another" in result.line
