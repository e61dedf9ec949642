"""`kinetune hotspots` on recorded logs, in all formats."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.call import PROGRAM, ROOT, call, environment, start_process, wait_for
from tests.cli.slow_log import BEGAN, read_hotspots, slow_log
from tests.logs import emit
from tests.test_startup import HEAVY, PROBE

DATA = Path(__file__).parents[1] / "data"
HERE = DATA / "hotspots"
GOLDEN = {"text": "hotspots.txt", "markdown": "hotspots.md", "csv": "hotspots.csv", "json": "hotspots.json"}
LOGS = ("slow-v0.10.1.log", "slow-v0.14.16-json.log", "slow-v0.17.5.log", "other-lines.log")
SECRETS = (
    "hunter2",
    b"hunter2".hex(),
    b"hunter2".hex().upper(),
    "ahovcjqxelszgovcjqxelszgnucj",
    "104 117 110 116 101 114",
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return slow_log(tmp_path)


@pytest.mark.parametrize("format", GOLDEN)
def test_the_report_of_recorded_logs_is_the_golden_one(format: str) -> None:
    result = call("hotspots", *LOGS, "--format", format, folder=DATA / "logs", COLUMNS="160")
    assert (result.status, result.err) == (0, "")
    golden = HERE / GOLDEN[format]
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(result.out, encoding="utf-8", newline="\n")
    assert result.out == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["log", "csv", "json"])
def test_a_servers_log_names_kines_queries_and_shows_plans(form: str, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    result = call("hotspots", HERE / f"postgresql-15.{form}", "--format", "json", "-o", page)
    assert result.status == 0
    data = json.loads(result.out)
    (vantage,) = data["vantages"]
    assert vantage["vantage"] == "server log"
    counts = [(one["query"], one["count"]) for one in vantage["hotspots"] if one["resource"] == "/registry/secrets/"]
    assert sorted(counts) == [
        ("AfterOldVal", 4),
        ("CountCurrent", 4),
        ("GetCurrentVal", 4),
        ("Insert", 4),
        ("Insert", 4),
    ]
    assert {plan["query"] for plan in data["plans"]} >= {"GetCurrentVal", "CountCurrent"}
    assert [one["kind"] for one in data["signals"]] == ["id-taken"]
    assert data["logs"]["not_understood"] == 0
    assert "Plans logged by the server" in page.read_text()


@pytest.mark.parametrize("format", ["text", "markdown", "csv", "json", "html"])
@pytest.mark.parametrize("by", ["resource", "namespace", "key"])
def test_values_of_objects_are_in_no_report(format: str, by: str, tmp_path: Path) -> None:
    value = emit.Case("v0.9.0", "Insert", "/registry/secrets/a/token", BEGAN, 2_000_000_000)
    old = emit.text(value, 1).replace(b" 17 17]]", b" [104 117 110 116 101 114 50] []]]")
    (tmp_path / "kine.log").write_bytes(old)
    files = [*sorted((DATA / "logs").glob("*.log")), *sorted(HERE.glob("postgresql-15.*")), tmp_path / "kine.log"]
    raw = b"".join(file.read_bytes() for file in files).decode("utf-8", "replace")
    assert [one for one in SECRETS if one in raw] == [SECRETS[1], SECRETS[3], SECRETS[4]]
    result = call("hotspots", *files, "--by", by, "--format", format, "--top", "100")
    assert result.status == 0
    assert len(result.out) > 1000
    assert [one for one in SECRETS if one in result.out] == []


def test_redact_hides_keys(log: Path) -> None:
    assert "kube-system" in call("hotspots", log, "--by", "key").out
    for format in ("text", "markdown", "csv", "json", "html"):
        hidden = call("hotspots", log, "--by", "key", "--redact", "--format", format).out
        assert "kube-system" not in hidden
        assert "default/a" not in hidden


def test_calls_are_grouped_by_resource_namespace_or_key(log: Path) -> None:
    lists = {
        by: [one for one in read_hotspots(log, "--by", by) if one["query"] == "ListCurrentVal"]
        for by in ("resource", "namespace", "key")
    }
    assert {one["resource"]: one["count"] for one in lists["resource"]} == {"/registry/pods/": 10}
    assert {one["resource"]: one["count"] for one in lists["namespace"]} == {
        "/registry/pods/default/": 5,
        "/registry/pods/kube-system/": 5,
    }
    assert {one["resource"] for one in lists["key"]} == {"/registry/pods/default/a", "/registry/pods/kube-system/b"}


def test_the_figures_are_those_of_the_calls(log: Path) -> None:
    (lists, poll) = read_hotspots(log)
    assert (lists["query"], lists["count"], lists["total_ms"], lists["max_ms"]) == (
        "ListCurrentVal",
        10,
        55_000,
        10_000,
    )
    assert lists["share"] == pytest.approx(55 / 85, abs=1e-6)
    assert lists["p50_ms"] == pytest.approx(5000, rel=0.004)
    assert lists["p95_ms"] == pytest.approx(10_000, rel=0.004)
    assert (lists["first"], lists["last"]) == ("2026-11-23T16:06:01.000Z", "2026-11-23T16:06:10.000Z")
    assert [one["milliseconds"] for one in lists["worst"]] == [10_000, 9000, 8000, 7000, 6000]
    assert (poll["query"], poll["p99_ms"]) == ("AfterAllOldVal", pytest.approx(30_000, rel=0.004))


def test_top_shortens_text_but_not_json(log: Path) -> None:
    result = call("hotspots", log, "--top", "1")
    assert "1 more hotspot with 35 % of the time: use --top 2" in result.out
    assert len(read_hotspots(log, "--top", "1")) == 2


def test_short_calls_are_ignored(log: Path) -> None:
    assert read_hotspots(log, "--min-duration", "9s")[1]["count"] == 2
    assert read_hotspots(log, "--min-duration", "9") == read_hotspots(log, "--min-duration", "9s")  # seconds
    assert read_hotspots(log, "--min-duration", "9500ms")[1]["max_ms"] == 10_000


def test_from_and_to_select_calls_by_time(log: Path) -> None:
    between = ("--from", "2026-11-23T16:06:03Z", "--to", "2026-11-23T16:06:05Z")
    assert [one["count"] for one in read_hotspots(log, *between)] == [3]
    local = ("--from", "2026-11-23 17:06:03", "--to", "2026-11-23 17:06:05", "--timezone", "Europe/Berlin")
    assert read_hotspots(log, *local) == read_hotspots(log, *between)
    for two_hours_ago in ("2h", "120m", "7200"):
        result = call("hotspots", log, "--from", two_hours_ago)
        assert result.status == 0
        assert "No Kine calls found" in result.out


def test_several_sources_are_read_together(log: Path, tmp_path: Path) -> None:
    (tmp_path / "old.log.gz").write_bytes(gzip.compress(log.read_bytes()))
    data = log.read_bytes()
    done = subprocess.run(
        [*PROGRAM, "hotspots", str(log), str(tmp_path / "*.gz"), "-", "--format", "json", "--jobs", "2"],
        input=data,
        capture_output=True,
        env=environment({"PYTHONPATH": str(ROOT)}),
        check=True,
    )
    (vantage,) = json.loads(done.stdout)["vantages"]
    assert [one["count"] for one in vantage["hotspots"]] == [30, 3]


def test_an_unreadable_file_among_others_is_reported(log: Path) -> None:
    result = call("hotspots", log, log.parent / "missing.log", COLUMNS="400")
    assert result.status == 0
    assert "missing.log: No such file or directory" in result.out


@pytest.mark.parametrize("format", ["text", "json", "markdown", "html", "csv"])
def test_a_log_is_ranked_without_any_heavy_module(format: str, log: Path) -> None:
    arguments = ["hotspots", str(log), "--by", "namespace", "--fail-over", "p99=1h", "--format", format]
    code = PROBE.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment({})
    )
    assert "ListCurrentVal" in done.stdout
    assert done.stderr.splitlines()[-1].split() == ["loaded:", *(["jinja2", "sqlparse"] if format == "html" else [])]


def test_a_plain_file_loads_nothing_heavy_at_all(log: Path) -> None:
    code = PROBE.format(arguments=["hotspots", str(log)], heavy=(*HEAVY, "zstandard", "multiprocessing", "http"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment({})
    )
    assert "ListCurrentVal" in done.stdout
    assert done.stderr.splitlines()[-1].strip() == "loaded:"


def test_csv_has_a_line_for_each_hotspot(log: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(call("hotspots", log, "--format", "csv", "--top", "1").out)))
    assert [(row["query"], row["resource"], row["count"]) for row in rows] == [
        ("ListCurrentVal", "/registry/pods/", "10"),
        ("AfterAllOldVal", "", "1"),
    ]


def test_follow_reports_new_calls_until_it_is_interrupted(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "last.json"
    process = start_process("hotspots", log, "--refresh", "200ms", "--format", "text", "-o", page)
    assert process.stdout is not None
    for line in process.stdout:
        if "ListCurrentVal" in line:
            break
    with log.open("ab") as file:
        file.write(emit.text(emit.Case("v0.17.3", "CountCurrent", "/registry/nodes/a", BEGAN, 70_000_000_000), 4))
    for line in process.stdout:
        if "CountCurrent" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    wait_for(page.exists, 5)
    assert json.loads(page.read_text())["vantages"][0]["hotspots"][0]["query"] == "CountCurrent"
