"""`kinetune hotspots --loki` and `--kubectl`: a local server in place of Loki, and a script in place of kubectl."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.call import CallResult, call
from tests.cli.slow_log import BEGAN, slow_log
from tests.http.fake_loki import FakeLoki, serve_loki

QUERY = '{container="kine"}'
DATA = Path(__file__).parents[1] / "data" / "cases"
FROM = ("--from", "2026-11-23T16:00:00Z", "--to", "2026-11-23T17:00:00Z")
STUB = """#!/bin/sh
echo "$@" > {folder}/arguments
cat {folder}/err >&2
cat {folder}/out
exit {status}
"""


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeLoki]:
    """A Loki with the lines of slow_log, a second apart."""
    with serve_loki() as served:
        lines = slow_log(tmp_path).read_text().splitlines()
        served.entries = [(BEGAN * 1000 + n * 10**9, "kine-0", line) for n, line in enumerate(lines)]
        yield served


def run_kubectl(folder: Path, *options: str, out: str = "", err: str = "", status: int = 0) -> CallResult:
    """hotspots with a kubectl that writes this; its arguments are then in the file `arguments`."""
    for name, text in (("out", out), ("err", err)):
        (folder / name).write_text(text)
    stub = folder / "bin" / "kubectl"
    stub.parent.mkdir(exist_ok=True)
    stub.write_text(STUB.format(folder=shlex.quote(str(folder)), status=status))
    stub.chmod(0o755)
    return call("hotspots", *options, PATH=f"{stub.parent}:{os.environ['PATH']}")


def read_counts(result: CallResult) -> dict[str, int]:
    (vantage,) = json.loads(result.out)["vantages"]
    return {spot["query"]: spot["count"] for spot in vantage["hotspots"]}


def test_loki_gives_the_calls_of_the_same_log(fake: FakeLoki, tmp_path: Path) -> None:
    fake.limit = 4
    result = call("hotspots", "--loki", fake.address, "--loki-query", QUERY, *FROM, "--format", "json")
    assert (result.status, result.err) == (0, "")
    assert read_counts(result) == {"ListCurrentVal": 10, "AfterAllOldVal": 1}
    asked = fake.requests[0][0]
    assert asked["query"] == QUERY
    begin = datetime(2026, 11, 23, 16, tzinfo=UTC).timestamp()
    assert asked["start"] == str(int(begin * 1e9))
    # A call is logged when it ends: lines of the minute after --to are read too.
    assert int(asked["end"]) == int((begin + 3660) * 1e9)


def test_loki_is_read_for_an_hour_without_from(fake: FakeLoki) -> None:
    result = call("hotspots", "--loki", fake.address, "--loki-query", QUERY, COLUMNS="200")
    assert result.status == 3
    assert result.line.startswith(f"Loki at {fake.address} is empty")
    asked = fake.requests[0][0]
    assert int(asked["end"]) - int(asked["start"]) == pytest.approx(3600 * 10**9, abs=10**7)


def test_a_servers_log_from_loki_keeps_records_of_several_lines(fake: FakeLoki) -> None:
    """PostgreSQL writes a statement over several lines, which Loki keeps as entries of their own."""
    lines = (DATA / "60" / "pg-de_DE.log").read_text().splitlines()
    fake.entries = [(BEGAN * 1000 + n * 10**6, "db-0", line) for n, line in enumerate(lines)]
    wide = ("--from", "2026-11-20", "--to", "2026-11-30")
    found = call("hotspots", "--loki", fake.address, "--loki-query", QUERY, *wide, "--format", "json")
    file = call("hotspots", DATA / "60" / "pg-de_DE.log", "--format", "json")
    assert read_counts(found) == read_counts(file)


def test_no_credential_is_in_any_output(fake: FakeLoki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = fake.address.replace("http://", "http://me:hunter2@")
    page = tmp_path / "a.html"
    for name, value in {"LOKI_BEARER_TOKEN": "hunter3", "LOKI_PASSWORD": "hunter4", "LOKI_USERNAME": "u"}.items():
        monkeypatch.setenv(name, value)
    result = call("hotspots", "--loki", url, "--loki-query", QUERY, *FROM, "-o", page)
    assert result.status == 0
    fake.answers = [(401, "no")]
    refused = call("hotspots", "--loki", url, "--loki-query", QUERY, *FROM)
    assert refused.status == 3
    assert refused.line.startswith(f"{fake.address} answered HTTP 401: no; set LOKI_USERNAME")
    assert "hunter" not in result.out + result.err + page.read_text() + refused.out + refused.err


def test_a_page_that_fails_after_others_is_exit_3_and_the_calls_before_it_are_shown(fake: FakeLoki) -> None:
    fake.limit = 4
    first = json.loads(
        fake.answer(
            "/loki/api/v1/query_range?limit=4&start=0&end=9e30&direction=forward".replace("9e30", str(10**19)), {}
        )[1]
    )
    fake.answers = [
        (400, "max entries limit per query exceeded, limit > max_entries_limit (5000 > 4)"),
        (200, json.dumps(first)),
        (400, "query too long"),
    ]
    result = call("hotspots", "--loki", fake.address, "--loki-query", QUERY, *FROM, "--format", "json")
    assert result.status == 3
    assert sum(read_counts(result).values()) == 4
    assert "answered HTTP 400: query too long" in result.line
    assert any("correct --loki-query" in note for note in json.loads(result.out)["notices"])


def test_the_address_is_logclis_variable_too(fake: FakeLoki) -> None:
    assert call("hotspots", "--loki-query", QUERY, *FROM, LOKI_ADDR=fake.address).status == 0


def test_kubectl_logs_are_read_with_their_times(tmp_path: Path) -> None:
    lines = slow_log(tmp_path).read_text().splitlines()
    out = "".join(f"2026-11-23T16:06:{n:02}.123456789Z {line}\n" for n, line in enumerate(lines))
    note = "Found 2 pods, using pod/kine-7d\n"
    result = run_kubectl(
        tmp_path, "--kubectl", "deploy/kine -n kube-system", *FROM, "--format", "json", out=out, err=note
    )
    assert (result.status, result.err) == (0, "")
    assert read_counts(result) == {"ListCurrentVal": 10, "AfterAllOldVal": 1}
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments == [
        *("logs", "deploy/kine", "-n", "kube-system"),
        *("--since-time=2026-11-23T16:00:00Z", "--timestamps"),
    ]
    # Only one of the pods was read: the report must say so.
    assert "kubectl logs deploy/kine: Found 2 pods, using pod/kine-7d" in json.loads(result.out)["notices"]


def test_a_selector_reads_all_lines_of_its_pods(tmp_path: Path) -> None:
    run_kubectl(tmp_path, "--kubectl", "logs -l app=kine --prefix")
    assert (tmp_path / "arguments").read_text().split() == [
        *("logs", "-l", "app=kine", "--prefix", "--tail=-1", "--timestamps")
    ]
    run_kubectl(tmp_path, "--kubectl", "kubectl logs --selector=app=kine --tail=9")
    assert "--tail=-1" not in (tmp_path / "arguments").read_text()


def test_an_error_of_kubectl_is_one_line_without_its_token(tmp_path: Path) -> None:
    err = 'W1127 one warning\nError from server (NotFound): deployments.apps "kine" not found for hunter2\n'
    arguments = "--token hunter2 deploy/kine --password=hunter3"
    result = run_kubectl(tmp_path, "--kubectl", arguments, err=err, status=1)
    assert (result.status, result.out) == (3, "")
    assert result.line == (
        'kubectl logs deploy/kine failed: Error from server (NotFound): deployments.apps "kine" not found for …; '
        "run the same command in a shell"
    )


def test_a_large_log_of_kubectl_is_streamed(tmp_path: Path) -> None:
    """More than a pipe holds, on stdout and on stderr."""
    line = slow_log(tmp_path).read_text().splitlines()[0]
    out = f"2026-11-23T16:06:00.1Z {line}\n" * 3000
    result = run_kubectl(tmp_path, "--kubectl", "kine-0", "--format", "json", out=out, err="warning: x\n" * 20_000)
    assert read_counts(result) == {"ListCurrentVal": 3000}


def test_without_kubectl_it_is_said(tmp_path: Path) -> None:
    result = call("hotspots", "--kubectl", "deploy/kine", PATH=str(tmp_path))
    assert (result.status, result.out) == (3, "")
    assert result.line.startswith("cannot run kubectl logs deploy/kine: kubectl is not installed; ")


WRONG = {
    ("--loki", "http://loki:3100"): "--loki needs a query; add --loki-query",
    ("--loki-query", QUERY): "--loki-query needs an address; add --loki http://loki:3100, or set LOKI_ADDR",
    ("--loki", "loki:3100", "--loki-query", QUERY): "--loki is not an http or https URL; write it as http://",
    ("--loki", "http://l", "--loki-query", QUERY, "--follow"): "--follow and --refresh cannot be used with --loki",
    ("--kubectl", "deploy/kine", "--refresh", "5s"): "--follow and --refresh cannot be used with --loki and --kubectl",
    ("--kubectl", ""): "--kubectl names no pod; write --kubectl 'deploy/kine -n kube-system'",
    ("--kubectl", "kubectl logs"): "--kubectl names no pod",
    ("--kubectl", "deploy/'kine"): "--kubectl cannot be split into arguments: No closing quotation",
    ("--kubectl", "deploy/kine -f"): "--kubectl must not have -f; use --from, or pipe the lines",
    ("--kubectl", "deploy/kine --since=1h"): "--kubectl must not have --since; use --from",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_call_is_exit_2_and_one_line(arguments: tuple[str, ...]) -> None:
    result = call("hotspots", *arguments)
    assert (result.status, result.out) == (2, "")
    assert result.line.startswith(WRONG[arguments])
