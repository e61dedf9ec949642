"""`kinetune hotspots` as people and pipelines call it, on recorded logs and metrics."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.call import PROGRAM, ROOT, call, environment, start, wait_for
from tests.logs import emit
from tests.test_startup import HEAVY, PROBE

DATA = Path(__file__).parents[1] / "data"
HERE = DATA / "hotspots"
GOLDEN = {"text": "hotspots.txt", "markdown": "hotspots.md", "csv": "hotspots.csv", "json": "hotspots.json"}
LOGS = ("slow-v0.10.1.log", "slow-v0.14.16-json.log", "slow-v0.17.5.log", "other-lines.log")
SECRETS = ("hunter2", b"hunter2".hex(), b"hunter2".hex().upper(), "ahovcjqxelszgovcjqxelszgnucj", "104 117 110 116 101 114")
BEGAN = 1_795_449_961_000_000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Ten lists of pods in two namespaces, a second apart from 16:06:01 on, of 1 to 10 s; one poll of 30 s."""
    keys = ["/registry/pods/default/a", "/registry/pods/kube-system/b"]
    cases = [
        emit.Case("v0.17.3", "ListCurrentVal", keys[n % 2], BEGAN + n * 1_000_000, (n + 1) * 1_000_000_000)
        for n in range(10)
    ]
    cases.append(emit.Case("v0.17.3", "AfterAllOldVal", keys[0], BEGAN + 20_000_000, 30_000_000_000))
    (tmp_path / "k3s.log").write_bytes(b"".join(emit.text(case, 4) for case in cases))
    return tmp_path / "k3s.log"


def told(*arguments: object, **environ: str) -> list[dict[str, Any]]:
    """The hotspots of the only vantage."""
    said = call("hotspots", *arguments, "--format", "json", **environ)
    assert (said.status, said.err) == (0, ""), said.err
    (vantage,) = json.loads(said.out)["vantages"]
    spots: list[dict[str, Any]] = vantage["hotspots"]
    return spots


@pytest.mark.parametrize("format", GOLDEN)
def test_the_report_of_recorded_logs_is_the_golden_one(format: str) -> None:
    said = call("hotspots", *LOGS, "--format", format, folder=DATA / "logs", COLUMNS="160")
    assert (said.status, said.err) == (0, "")
    golden = HERE / GOLDEN[format]
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said.out, encoding="utf-8", newline="\n")
    assert said.out == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["log", "csv", "json"])
def test_a_servers_log_names_kines_queries_and_shows_plans(form: str, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    said = call("hotspots", HERE / f"postgresql-15.{form}", "--format", "json", "-o", page)
    assert said.status == 0
    data = json.loads(said.out)
    (vantage,) = data["vantages"]
    assert vantage["vantage"] == "server log"
    counts = {(one["query"], one["resource"]): one["count"] for one in vantage["hotspots"]}
    assert counts["GetCurrentVal", "/registry/secrets/"] == counts["AfterOldVal", "/registry/secrets/"] == 4
    assert counts["Insert", "/registry/secrets/"] == 8
    assert {plan["query"] for plan in data["plans"]} >= {"GetCurrentVal", "CountCurrent"}
    assert [one["kind"] for one in data["signals"]] == ["duplicate-key"]
    assert data["logs"]["not_understood"] == 0
    assert "Plans that the server logged" in page.read_text()


@pytest.mark.parametrize("format", ["text", "markdown", "csv", "json", "html"])
@pytest.mark.parametrize("by", ["resource", "namespace", "key"])
def test_values_of_objects_are_in_no_report(format: str, by: str, tmp_path: Path) -> None:
    value = emit.Case("v0.9.0", "Insert", "/registry/secrets/a/token", BEGAN, 2_000_000_000)
    old = emit.text(value, 1).replace(b" 17 17]]", b" [104 117 110 116 101 114 50] []]]")
    (tmp_path / "kine.log").write_bytes(old)
    files = [*sorted((DATA / "logs").glob("*.log")), *sorted(HERE.glob("postgresql-15.*")), tmp_path / "kine.log"]
    raw = b"".join(file.read_bytes() for file in files).decode("utf-8", "replace")
    assert [one for one in SECRETS if one in raw] == [SECRETS[1], SECRETS[3], SECRETS[4]]
    said = call("hotspots", *files, "--by", by, "--format", format, "--top", "100")
    assert said.status == 0
    assert len(said.out) > 1000
    assert [one for one in SECRETS if one in said.out] == []


def test_keys_are_hidden_where_that_is_wanted(log: Path) -> None:
    assert "kube-system" in call("hotspots", log, "--by", "key").out
    for format in ("text", "markdown", "csv", "json", "html"):
        hidden = call("hotspots", log, "--by", "key", "--redact", "--format", format).out
        assert "kube-system" not in hidden
        assert "default/a" not in hidden


def test_calls_are_put_together_by_what_is_asked_for(log: Path) -> None:
    lists = {by: [one for one in told(log, "--by", by) if one["query"] == "ListCurrentVal"] for by in ("resource", "namespace", "key")}
    assert {one["resource"]: one["count"] for one in lists["resource"]} == {"/registry/pods/": 10}
    assert {one["resource"]: one["count"] for one in lists["namespace"]} == {
        "/registry/pods/default/": 5,
        "/registry/pods/kube-system/": 5,
    }
    assert {one["resource"] for one in lists["key"]} == {"/registry/pods/default/a", "/registry/pods/kube-system/b"}


def test_the_figures_are_those_of_the_calls(log: Path) -> None:
    (lists, poll) = told(log)
    assert (lists["query"], lists["count"], lists["total_ms"], lists["max_ms"]) == ("ListCurrentVal", 10, 55_000, 10_000)
    assert lists["share"] == pytest.approx(55 / 85, abs=1e-6)
    assert lists["p50_ms"] == pytest.approx(5000, rel=0.004)
    assert lists["p95_ms"] == pytest.approx(10_000, rel=0.004)
    assert (lists["first"], lists["last"]) == ("2026-11-23T16:06:01.000Z", "2026-11-23T16:06:10.000Z")
    assert [one["milliseconds"] for one in lists["worst"]] == [10_000, 9000, 8000, 7000, 6000]
    assert (poll["query"], poll["p99_ms"]) == ("AfterAllOldVal", pytest.approx(30_000, rel=0.004))


def test_top_shortens_what_people_read_and_not_what_programs_read(log: Path) -> None:
    said = call("hotspots", log, "--top", "1")
    assert "1 more with 35.3% of the time: --top 2" in said.out
    assert len(told(log, "--top", "1")) == 2


def test_short_calls_are_left_out(log: Path) -> None:
    assert told(log, "--min-duration", "9s")[1]["count"] == 2
    assert told(log, "--min-duration", "9500ms")[1]["max_ms"] == 10_000


def test_only_calls_of_the_wanted_time_are_told(log: Path) -> None:
    between = ("--from", "2026-11-23T16:06:03Z", "--to", "2026-11-23T16:06:05Z")
    assert [one["count"] for one in told(log, *between)] == [3]
    local = ("--from", "2026-11-23 17:06:03", "--to", "2026-11-23 17:06:05", "--zone", "Europe/Berlin")
    assert told(log, *local) == told(log, *between)
    said = call("hotspots", log, "--from", "2h")
    assert said.status == 0
    assert "No call of Kine's was seen" in said.out


def test_calls_come_from_all_sources_at_once(log: Path, tmp_path: Path) -> None:
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


def test_an_unreadable_file_among_many_is_said(log: Path) -> None:
    said = call("hotspots", log, log.parent / "missing.log")
    assert said.status == 0
    assert "missing.log cannot be read: No such file or directory" in " ".join(said.out.split())


@pytest.mark.parametrize(
    "limit",
    ["p99=2s", "p50=1s", "max=29s", "mean=5s", "total=1min", "count=9", "share=50%", "ListCurrentVal:p95=9s", "share=0.3"],
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
    said = call("hotspots", log, "--fail-over", "p99=31s", "--fail-over", "ListCurrentVal:max=5s", "--fail-over", "count=1")
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
    assert empty.line.startswith("the log is empty; is it the right file")


def test_a_source_that_failed_beside_others_is_told_and_exit_3(log: Path) -> None:
    said = call("hotspots", log, "--metrics", "/nowhere/metrics.txt")
    assert said.status == 3
    assert "ListCurrentVal" in said.out
    assert "/nowhere/metrics.txt" in said.line


@pytest.mark.parametrize("format", ["text", "json", "markdown", "html", "csv"])
def test_a_log_is_ranked_without_any_heavy_module(format: str, log: Path, tmp_path: Path) -> None:
    page = str(tmp_path / "page.html")
    arguments = ["hotspots", str(log), "--by", "namespace", "--fail-over", "p99=1h", "--format", format, "-o", page]
    code = PROBE.format(arguments=arguments, heavy=tuple(one for one in HEAVY if format != "html" or one != "jinja2"))
    if format == "html":
        arguments.remove("-o")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment({})
    )
    assert "ListCurrentVal" in done.stdout
    heavy = done.stderr.splitlines()[-1].removeprefix("loaded:").split()
    assert set(heavy) <= {"jinja2"}  # of the page


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


def later(folder: Path, name: str, **calls: int) -> Path:
    """The recorded metrics with so many more calls, of 100 ms each."""
    text = (HERE / "metrics.txt").read_text()
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
    first = shutil.copy(HERE / "metrics.txt", tmp_path / "monday.txt")
    assert call("hotspots", "--metrics", first, "--save", kept).status == 0
    assert json.loads(kept.read_text())["kind"] == "kinetune counters"
    spots = told("--metrics", later(tmp_path, name, InsertReturning=10, ListCurrentVal=2), "--since", kept)
    assert [(one["query"], one["count"], round(one["total_ms"])) for one in spots] == [
        ("InsertReturning", 10, 1000),
        ("ListCurrentVal", 2, 200),
    ]


def test_since_of_another_kine_is_exit_3_and_no_green_report(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    call("hotspots", "--metrics", HERE / "metrics.txt", "--save", kept)
    text = re.sub(r"(?m)^process_start_time_seconds .*", "process_start_time_seconds 1.7e9", (HERE / "metrics.txt").read_text())
    (tmp_path / "other.txt").write_text(text)
    said = call("hotspots", "--metrics", tmp_path / "other.txt", "--since", kept, "--fail-over", "p99=1ms")
    assert (said.status, said.out) == (3, "")
    assert said.line.startswith("the earlier reading holds nothing of ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not JSON; keep one with kinetune hotspots --save FILE"),
        ("{}", "holds no counters"),
        ('{"kind": "kinetune counters", "schema": 99}', "has form 99, known is 1; read it with the kinetune that wrote it"),
        ('{"kind": "kinetune counters", "schema": 1, "metrics": 7}', "is damaged: "),
    ],
)
def test_a_damaged_snapshot_is_exit_2(content: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(content)
    said = call("hotspots", "--metrics", HERE / "metrics.txt", "--since", tmp_path / "kept.json")
    assert (said.status, said.out) == (2, "")
    assert reason in said.line


def test_metrics_keep_limits_too() -> None:
    assert call("hotspots", "--metrics", HERE / "metrics.txt", "--fail-over", "p99=100ms").status == 0
    said = call("hotspots", "--metrics", HERE / "metrics.txt", "--fail-over", "InsertReturning:p99=1ms")
    assert said.status == 1
    assert said.line.startswith("over InsertReturning:p99=1ms: InsertReturning (Kine's metrics, 52 calls, ")


def test_follow_tells_what_comes_until_it_is_interrupted(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "last.json"
    process = start("hotspots", log, "--watch", "0.2", "--format", "text", "-o", page)
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


def test_a_packed_file_cannot_be_followed(log: Path, tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(log.read_bytes()))
    said = call("hotspots", tmp_path / "a.log.gz", "--follow")
    assert said.status == 2
    assert "is packed and cannot grow" in said.line
