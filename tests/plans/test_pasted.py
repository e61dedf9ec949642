"""EXPLAIN's output as people paste it: every frame of psql, quotes, fences, logs; one plan or several, text or JSON."""

from __future__ import annotations

import contextlib
import html
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.plans.json_form import plan_document, read_json_plan
from kinetune.plans.pasted import PastedPlan, read_pasted_plans
from tests.plans import recorded

PASTED = recorded.DATA.parent / "pasted"
FILES = sorted(PASTED.glob("*.txt"))
TEXT = (recorded.DATA / "postgresql-15" / "E20-list-page.txt").read_text(encoding="utf-8")
JSON = json.dumps(json.loads((recorded.DATA / "postgresql-15" / "E20-list-page.json").read_text("utf-8")), indent=2)
ALL = [*recorded.all_json(), *recorded.all_text()]


def nodes(pasted: PastedPlan) -> list[tuple[str, float | None]]:
    return [(node.kind, node.rows) for node in read_json_plan(pasted.document).nodes()]


def only(text: str) -> PastedPlan:
    (plan,) = read_pasted_plans(text)
    return plan


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_frame_of_psql_is_removed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    plans = read_pasted_plans(text)
    assert len(plans) == (2 if "two" in path.stem else 1)
    arrows = text.count("->") or text.count('"Node Type"') - 1
    assert sum(len(nodes(plan)) for plan in plans) == arrows + len(plans)


@pytest.mark.parametrize(
    "name", ["psql-border-2", "psql-unicode", "psql-json", "psql-no-buffers", "auto_explain-json", "auto_explain-text"]
)
def test_the_same_plan_in_other_frames_is_the_same(name: str) -> None:
    found = only((PASTED / f"{name}.txt").read_text(encoding="utf-8"))
    assert nodes(found) == nodes(only((PASTED / "psql-border-2.txt").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "text",
    [
        f"```\n{TEXT}```\n",
        f"It takes long:\n\n~~~text\n{TEXT}~~~\n\nAny idea?\n",
        "\n".join(f"> {line}" for line in TEXT.splitlines()),
        "\n".join('"' + line.replace('"', '""') + '"' for line in TEXT.splitlines()),
        html.escape(TEXT, quote=False),
        TEXT.replace(" ", "\u00a0"),
        "\ufeff" + TEXT.replace("\n", "\r\n"),
        "\n".join(f"[7-{number}] #011{line}" for number, line in enumerate(TEXT.splitlines(), 2)),
    ],
    ids=["fence", "mail", "quoted", "pgAdmin", "HTML", "no-break spaces", "Windows", "syslog"],
)
def test_what_mail_web_and_tools_add_is_removed(text: str) -> None:
    assert nodes(only(text)) == nodes(only(TEXT))
    assert read_json_plan(only(text).document).execution_ms == 1.934


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"```json\n{JSON}\n```",
        json.dumps({"rows": [{"QUERY PLAN": json.loads(JSON)}]}),
        '"' + JSON.replace('"', '""') + '"',
        "2026-11-23 18:51:58.325 UTC [31595] LOG:  duration: 3.2 ms  plan:\n" + JSON.replace("\n", "\n\t"),
    ],
    ids=["plain", "fence", "driver", "cell", "log"],
)
def test_json_is_found_in_what_is_around_it(text: str) -> None:
    assert nodes(only(text)) == nodes(only(JSON))


def test_the_statement_comes_from_auto_explain_or_from_explain_itself() -> None:
    assert only((PASTED / "auto_explain-json.txt").read_text()).statement.startswith("WITH ikv AS (SELECT MAX(id)")
    assert only((PASTED / "auto_explain-text.txt").read_text()).statement.startswith("WITH ikv AS (SELECT MAX(id)")
    two = read_pasted_plans((PASTED / "psql-two-statements.txt").read_text())
    assert two[0].statement == "SELECT MAX(id) AS current_rev FROM kine"
    assert two[1].statement.startswith("WITH ikv AS")
    prompt = f"kine=# EXPLAIN (ANALYZE, BUFFERS)\nkine-# SELECT MAX(id)\nkine-# FROM kine;\n{TEXT}"
    assert only(prompt).statement == "SELECT MAX(id)\nFROM kine"
    assert only((PASTED / "psql-execute.txt").read_text()).statement.startswith("WITH ikv AS ( SELECT DISTINCT ON")
    assert only(TEXT).statement == ""


@pytest.mark.parametrize(
    "text",
    [
        "Query Text: INSERT INTO kine(value) VALUES ('\\x6b3873c0ffee')\nInsert on kine (never executed)",
        'LOG:  plan:\n{"Query Text": "INSERT INTO kine(value) VALUES ($1)",\n"Query Parameters": '
        '"$1 = \'\\\\x6b3873c0ffee\'", "Plan": {"Node Type": "ModifyTable"}}',
    ],
    ids=["text", "JSON"],
)
def test_the_value_of_an_object_is_not_kept(text: str) -> None:
    assert "6b3873c0ffee" in text
    assert "6b3873" not in repr(only(text))
    assert "INSERT INTO kine" in only(text).statement


@pytest.mark.parametrize("text", ["", "\n \n", "hello", "SELECT 1;\n(1 row)\n", "[1, 2]", '{"Plan": "of action"}'])
def test_a_text_without_a_plan_has_none(text: str) -> None:
    assert read_pasted_plans(text) == ()


def test_json_that_was_cut_off_is_not_taken_for_a_text_without_a_plan() -> None:
    with pytest.raises(ValueError, match="incomplete"):
        read_pasted_plans(JSON[:3000])


@pytest.mark.parametrize("name", [name for name, _ in ALL])
def test_a_plan_written_as_json_is_the_same_plan(name: str) -> None:
    plan = dict(ALL)[name]
    assert read_json_plan(plan_document(plan)) == plan


@given(st.lists(st.sampled_from([*TEXT.splitlines(), *JSON.splitlines()]) | st.text(max_size=9), max_size=30))
@settings(max_examples=200, deadline=None)
def test_garbage_is_refused_with_a_value_error_or_read(lines: list[str]) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(read_pasted_plans("\n".join(lines)), tuple)
