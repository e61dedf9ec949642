"""`kinetune explain --plan FILE`: a pasted plan is explained as a run on a store is, without a database."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.call import ROOT, CallResult, call, environment

DATA = ROOT / "tests" / "data"
PASTED, YUGABYTEDB = DATA / "pasted", DATA / "plans" / "yugabytedb-2.21"
SLOW_LIST = YUGABYTEDB / "text" / "x_stock-1-E20_listval_L501.txt"
REMEDY = "paste the whole output of EXPLAIN (ANALYZE, BUFFERS), on YugabyteDB of EXPLAIN (ANALYZE, DIST)"
PROBE = """
import sys
from kinetune.cli.main import run
status = run(sys.argv[1:])
print("loaded:", *sorted({name.split(".")[0] for name in sys.modules} & {"psycopg", "grpc", "jinja2", "pydantic"}))
sys.exit(status)
"""


def explain(path: Path, *more: object) -> CallResult:
    said = call("explain", "--plan", path, *more, COLUMNS="200")
    assert (said.status, said.err) == (0, "")
    return said


def data(path: Path, *more: object) -> list[dict[str, Any]]:
    found = json.loads(explain(path, "--format", "json", *more).out)
    assert (found["kind"], found["schema"]) == ("kinetune explain --plan", 1)
    plans = found["plans"]
    assert isinstance(plans, list)
    return plans


def from_stdin(content: bytes, *more: str) -> CallResult:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "explain", "--plan", "-", *more],
        input=content,
        capture_output=True,
        check=False,
        env=environment({"PYTHONPATH": str(ROOT)}),
    )
    return CallResult(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_slow_list_of_yugabytedb_is_explained_with_its_remedies() -> None:
    said = explain(SLOW_LIST).out
    assert "ListCurrent or ListCurrentVal of Kine v0.16.3 – v0.16.6, v0.17.0 – v0.17.5" in said
    assert "recognised by the conditions of the plan" in said
    assert "Sent when: a list without a revision" in said
    header, row = said.partition("\ncall ")[2].splitlines()[:2]
    assert header.split()[-6:] == ["returned", "requests", "at", "least", "index", "result"]
    assert " 4,022 " in row
    assert "whole table read +2" in row
    assert "plan: Seq Scan on kine reads the whole table" in said
    assert "4,000 of 4,022 storage requests" in said
    assert "SET yb_bnl_batch_size = 1024" in said


def test_it_says_what_a_run_on_the_store_said_of_the_same_plan() -> None:
    (plan,) = data(YUGABYTEDB / "x_stock-1024-E20_listval_L501.json")
    assert plan["queries"] == ["ListCurrent", "ListCurrentVal"]
    assert plan["recognised_by"] == "conditions"
    assert (plan["requests"], plan["least_requests"], plan["rows"]) == (414, 4, 501)
    assert [remark["symptom"] for remark in plan["remarks"]] == [
        "whole-table-read",
        "limit-applied-late",
        "estimate-off",
    ]
    assert plan["plan"]["Plan"]["Node Type"] == "Sort"


def test_a_statement_beside_the_plan_names_the_query_exactly() -> None:
    (plan,) = data(PASTED / "auto_explain-json.txt")
    assert (plan["queries"], plan["recognised_by"]) == (["GetSingleVal"], "statement")
    assert plan["milliseconds"] == pytest.approx(0.144, abs=0.05)  # auto_explain prints no Execution Time
    (other,) = data(DATA / "plans" / "postgresql-15" / "auto_explain.log")
    assert (other["queries"], other["eras"], other["recognised_by"]) == ([], [], None)
    assert (
        "Query not recognised: the statement is not a query of Kine, or not of the selected release."
        in explain(DATA / "plans" / "postgresql-15" / "auto_explain.log").out
    )


def test_several_plans_of_one_text_are_told_apart() -> None:
    said = explain(PASTED / "psql-two-statements.txt").out
    assert said.startswith("kinetune explain: 2 pasted plans\n")
    assert (
        said.index("Plan 1") < said.index("CurrentRev of Kine") < said.index("Plan 2") < said.index("GetSingleVal of")
    )


def test_a_query_of_the_user_is_not_recognised() -> None:
    said = explain(PASTED / "psql-own-query.txt").out
    assert "Query not recognised: the text has no statement" in said
    assert "not recognised" in said.partition("\ncall ")[2]


def test_the_release_limits_the_queries() -> None:
    (plan,) = data(PASTED / "psql.txt", "--kine", "v0.16.3")
    assert plan["eras"] == ["v0.16.3"]
    (plan,) = data(PASTED / "psql.txt", "--kine", "v0.11.4")
    assert plan["eras"] == []
    (plan,) = data(PASTED / "auto_explain-text.txt", "--kine", "v0.16.3")
    assert (plan["eras"], plan["queries"]) == ([], [])


@pytest.mark.parametrize(
    ("path", "note"),
    [
        (PASTED / "psql-estimates.txt", "The plan was made without ANALYZE"),
        (PASTED / "psql-no-buffers.txt", "The plan was made without BUFFERS"),
        (YUGABYTEDB / "analyze.json", "The plan was made without DIST"),
        (DATA / "plans" / "yugabytedb-docs" / "11-2.20-vs-2024.2-bnl-regression.txt", "table kine"),
    ],
    ids=["estimates", "no blocks", "no requests", "another table"],
)
def test_what_the_plan_does_not_contain_is_said_with_the_call_that_gets_it(path: Path, note: str) -> None:
    said = explain(path).out
    assert note in said
    assert "good" not in said.partition("\ncall ")[2] or "BUFFERS" in note or "DIST" in note


def test_advice_for_postgresql_is_not_given_for_yugabytedb_without_dist() -> None:
    assert "VACUUM" not in explain(YUGABYTEDB / "noanalyze-x_stock-1024-E20_count.json").out


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_every_format_has_the_plan_and_its_problems(form: str, tmp_path: Path) -> None:
    said = explain(SLOW_LIST, "--tree", "--format", form, "-o", tmp_path / "report.html").out
    for part in ("reads the whole table", "yb_bnl_batch_size", "Index Scan"):
        assert part in re.sub("<wbr/?>", "", said)  # a page may break long names
    assert "reads the whole table" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "2026-11-23T18:51:58.325612345Z stderr F {}",
        "Nov 23 18:51:58 db-0 postgres[31595]: [7-1] {}",
        '{{"log":"{}\\n","stream":"stderr","time":"2026-11-23T18:51:58Z"}}',
    ],
    ids=["plain", "containerd", "journald", "docker"],
)
def test_a_plan_out_of_a_log_is_read_from_stdin_without_a_driver(line: str) -> None:
    text = (PASTED / "auto_explain-text.txt").read_text(encoding="utf-8").replace('"', "")
    lines = (line.format(each.replace("\t", "\\t")) for each in text.splitlines())
    said = from_stdin("\n".join(lines).encode())
    assert (said.status, said.err) == (0, "")
    assert "GetSingleVal of Kine v0.16.6, v0.17.3 – v0.17.5, recognised by its statement." in said.out
    assert said.out.splitlines()[-1].strip() == "loaded:"


def test_a_file_of_powershell_is_read() -> None:
    said = from_stdin((PASTED / "psql.txt").read_text(encoding="utf-8").encode("utf-16"))
    assert "ListCurrent or ListCurrentVal" in said.out


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "stdin is empty"),
        (b" \n\n", "stdin is empty"),
        (b"kubectl get pods", "stdin contains no plan of PostgreSQL or YugabyteDB"),
        (b'{"Plan": {"Node Type": "Sort", ', "cannot read the plan in stdin: the JSON is incomplete"),
        (b"\xff\x00\xfe", "stdin contains no plan of PostgreSQL or YugabyteDB"),
        (b"[" * 5000, "cannot read the plan in stdin: it is nested too deeply"),
    ],
    ids=["empty", "blank", "no plan", "cut", "binary", "deep"],
)
def test_what_is_no_plan_is_an_error_with_the_next_step(content: bytes, cause: str) -> None:
    said = from_stdin(content)
    assert said.status == 2
    assert said.line == f"{cause}; {REMEDY}"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    said = call("explain", "--plan", tmp_path / "plan.txt")
    assert said.status == 2
    assert (
        said.line == f"cannot read {tmp_path}/plan.txt: No such file or directory; check the path and its permissions"
    )


@pytest.mark.parametrize(
    ("more", "excess"),
    [
        (("postgres://u@h/x",), "ENDPOINT"),
        (("--query", "list"), "--query"),
        (("--writes", "--save", "run.json"), "--save and --writes"),
        (("--against", "run.json"), "--against"),
        (("--set", "jit=off"), "--set"),
        (("--compare-profiles", "article,tuned"), "--compare-profiles"),
    ],
)
def test_options_that_need_a_store_are_refused(more: tuple[str, ...], excess: str, tmp_path: Path) -> None:
    said = call("explain", "--plan", SLOW_LIST, *more, folder=tmp_path)
    assert said.status == 2
    assert said.line == f"--plan explains a pasted plan and uses no database; remove {excess}"


@pytest.mark.parametrize(
    ("text", "cause"),
    [("soon", "'soon' is not a duration; write a number with its unit"), ("0", "'0' is less than 0.001s")],
)
def test_a_timeout_is_a_duration(text: str, cause: str) -> None:
    said = call("explain", "--timeout", text, "postgres://u@127.0.0.1:1/x")
    assert said.status == 2
    assert said.line.startswith(f"--timeout {cause}")
