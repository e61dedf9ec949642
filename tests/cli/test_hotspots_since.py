"""--save and --since: what Kine counted between two times."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.call import call
from tests.cli.slow_log import told
from tests.cluster import Cluster
from tests.database.stores import ask, make

METRICS = Path(__file__).parents[1] / "data" / "hotspots" / "metrics.txt"


def later(folder: Path, name: str, **calls: int) -> Path:
    """The recorded metrics with so many more calls, of 100 ms each."""
    text = (METRICS).read_text()
    for query, more in calls.items():
        for end, unit in (("count", 1.0), ("sum", 0.1)):
            head = f'kine_sql_time_seconds_{end}{{error_code="",name="{query}"}} '
            before = float(text.split(head)[1].split("\n")[0])
            text = re.sub(re.escape(head) + r".*", f"{head}{before + more * unit}", text)
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("name", ["monday.txt", "tuesday.txt"])
def test_since_tells_what_came_after_save(name: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    first = shutil.copy(METRICS, tmp_path / "monday.txt")
    assert call("hotspots", "--metrics", first, "--save", kept).status == 0
    assert json.loads(kept.read_text())["kind"] == "kinetune counters"
    spots = told("--metrics", later(tmp_path, name, InsertReturning=10, ListCurrentVal=2), "--since", kept)
    assert [(one["query"], one["count"], round(one["total_ms"])) for one in spots] == [
        ("InsertReturning", 10, 1000),
        ("ListCurrentVal", 2, 200),
    ]


def test_since_of_another_kine_is_exit_3_and_no_green_report(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    call("hotspots", "--metrics", METRICS, "--save", kept)
    text = re.sub(r"(?m)^process_start_time_seconds .*", "process_start_time_seconds 1.7e9", (METRICS).read_text())
    (tmp_path / "other.txt").write_text(text)
    said = call("hotspots", "--metrics", tmp_path / "other.txt", "--since", kept, "--fail-over", "p99=1ms")
    assert (said.status, said.out) == (3, "")
    assert said.line.startswith("the earlier reading holds nothing of ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not JSON; keep one with kinetune hotspots --save FILE"),
        ("{}", "holds no counters"),
        (
            '{"kind": "kinetune counters", "schema": 99}',
            "has form 99, known is 1; read it with the kinetune that wrote it",
        ),
        ('{"kind": "kinetune counters", "schema": 1, "metrics": 7}', "is damaged: "),
    ],
)
def test_a_damaged_snapshot_is_exit_2(content: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(content)
    said = call("hotspots", "--metrics", METRICS, "--since", tmp_path / "kept.json")
    assert (said.status, said.out) == (2, "")
    assert reason in said.line


def test_counters_of_another_database_are_no_growth(pg15: Cluster, database15: str, tmp_path: Path) -> None:
    """What another database ever counted would count as new: there is nothing to take it from."""
    ask(database15, "CREATE EXTENSION pg_stat_statements")
    make(database15)
    kept = tmp_path / "kept.json"
    assert call("hotspots", "--endpoint", database15, "--save", kept).status == 0
    assert call("hotspots", "--endpoint", database15, "--since", kept).status == 0
    ask(pg15.dsn(), "CREATE DATABASE another")
    try:
        ask(pg15.dsn("another"), "CREATE EXTENSION pg_stat_statements")
        said = call("hotspots", "--endpoint", pg15.dsn("another"), "--since", kept)
    finally:
        ask(pg15.dsn(), "DROP DATABASE another")
    assert said.status == 2
    assert "the counters of --since are of database t" in said.line
    assert "these of another" in said.line
