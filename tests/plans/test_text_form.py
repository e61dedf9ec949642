from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.model.plan import QueryPlan
from kinetune.plans import text_form
from tests.plans import recorded

PAIRS = [path for path in recorded.TEXT_FILES if path.with_suffix(".json").exists()]
QUOTED = list(recorded.quoted())
PIECES = st.sampled_from(
    [
        "Seq Scan on kine  (cost=0.00..1.00 rows=1 width=8)",
        "  ->  ",
        "->",
        "CTE mkv",
        "InitPlan 1 (returns $0)",
        "Buffers: shared hit=3",
        "Buffers: ",
        "Sort Method: external merge  Disk: 12kB",
        "Buckets: 1  Batches: x",
        "Planning:",
        "(actual time=0.1..0.2 rows=1 loops=1)",
        "(never executed)",
        "Worker 0:  Sort",
        "JIT:",
        "\n",
        "\n  ",
        "\n      ",
        "9" * 400,
    ]
)


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_text_and_json_of_one_statement_agree(path: Path) -> None:
    name = f"{path.parent.name}/{path.stem}"
    text, parsed = recorded.plan(f"{name}.txt"), recorded.plan(f"{name}.json")
    shared_out_anew = 0.02 if any(node.kind.startswith("Gather") for node in text.nodes()) else 0.0
    assert len(list(text.nodes())) == len(list(parsed.nodes()))
    for mine, other in zip(text.nodes(), parsed.nodes(), strict=True):
        assert (mine.kind, mine.relation, mine.index, mine.role) == (
            other.kind,
            other.relation,
            other.index,
            other.role,
        )
        assert (mine.loops, mine.removed) == (other.loops, other.removed)
        assert mine.rows == pytest.approx(other.rows, rel=shared_out_anew, abs=0.1)
        for key in mine.details.keys() & other.details.keys() - DIFFERENT_EACH_RUN:
            assert same(mine.details[key], other.details[key]), key


DIFFERENT_EACH_RUN = {
    "Actual Rows",
    "Actual Startup Time",
    "Actual Total Time",
    "Peak Memory Usage",
    "Disk Usage",
    "Sort Space Used",
    "Workers",
    "HashAgg Batches",
    "Maximum Storage",
    "Heap Fetches",
    "Plan Rows",
    "Total Cost",
    "Startup Cost",
    *(f"{where} {what} Blocks" for where in ("Shared", "Temp") for what in ("Hit", "Read", "Dirtied", "Written")),
}


def same(text: object, parsed: object) -> bool:
    return text == parsed or (isinstance(parsed, list) and text == ", ".join(map(str, parsed)))


def test_text_and_json_of_yugabytedb_agree_where_the_choice_was_the_same() -> None:
    agreed = 0
    for path in (recorded.DATA / "yugabytedb-2.21" / "text").glob("*.txt"):
        text, parsed = recorded.plan(f"yugabytedb-2.21/text/{path.name}"), recorded.yugabyte(path.stem)
        if [(node.kind, node.index) for node in text.nodes()] == [(node.kind, node.index) for node in parsed.nodes()]:
            assert [node.requests for node in text.nodes()] == [node.requests for node in parsed.nodes()]
            assert [node.role for node in text.nodes()] == [node.role for node in parsed.nodes()]
            assert [node.rows for node in text.nodes()] == [node.rows for node in parsed.nodes()]
            agreed += 1
    assert agreed >= 8


@pytest.mark.parametrize("text", [text for _, text in QUOTED], ids=[name for name, _ in QUOTED])
def test_every_plan_quoted_by_the_documentation_is_read(text: str) -> None:
    found = text_form.read_text_plan(text)
    arrows = sum(line.strip().startswith("->") for line in text.splitlines())
    assert len(list(found.nodes())) == arrows + 1
    assert all(not node.kind.startswith("YB Seq") for node in found.nodes())


def test_the_documentation_quotes_sixteen_plans() -> None:
    assert len(QUOTED) == 16


def test_text_and_json_of_the_debug_option_agree() -> None:
    found = recorded.plan("yugabytedb-2.21/debug/x_tunedfull-1024-CurrentRev.txt")
    scan = recorded.of_kind(found, "Index Scan")[0]
    assert scan.details["Metric docdb_keys_found"] == 2
    assert scan.details["Scan Direction"] == "Backward"
    assert found.totals["Metric docdb_keys_found"] == 2


def test_old_names_are_read_as_the_new_ones() -> None:
    by_name = {name: text for name, text in QUOTED if "YB Seq Scan" in text}
    found = text_form.read_text_plan(next(iter(by_name.values())))
    scan = recorded.of_kind(found, "Seq Scan")[0]
    assert scan.relation == "ts3"
    assert scan.details["Schema"] == "public"
    assert scan.details["Remote Filter"] == "(ts3.k1 > 3000)"
    sort = recorded.of_kind(found, "Sort")[0]
    assert (sort.details["Sort Space Type"], sort.details["Sort Space Used"]) == ("Disk", 1672)


def test_a_figure_that_was_cut_away_counts_as_not_said_and_the_nodes_are_added_up() -> None:
    found = text_form.read_text_plan(next(text for _, text in QUOTED if "(cut)" in text))
    assert found.root.kind == "YB Batched Nested Loop"
    assert found.requests == 4
    assert found.execution_ms == 4004.541


def test_a_plan_in_a_log_of_auto_explain_is_read() -> None:
    text = (recorded.DATA / "postgresql-15" / "auto_explain.log").read_text(encoding="utf-8")
    found = text_form.read_text_plan(text)
    assert [node.kind for node in found.nodes()] == ["Result", "Limit", "Index Only Scan"]
    assert found.root.own_blocks == 0


def test_groups_after_the_plan_are_read() -> None:
    found = recorded.plan("postgresql-15/jit.txt")
    timing = found.totals["JIT"]
    assert isinstance(timing, dict)
    assert timing["Timing"]["Total"] > 1
    assert found.execution_ms is not None


def test_a_plan_without_costs_is_read() -> None:
    found = text_form.read_text_plan(
        "Update on kine k\n  ->  Index Scan using kine_pkey on kine k\n        Index Cond: (id = 1)\n"
    )
    assert found.root.details["Operation"] == "Update"
    assert found.root.children[0].details["Index Cond"] == "(id = 1)"
    assert found.root.children[0].details["Alias"] == "k"


@pytest.mark.parametrize(
    ("line", "kind", "key", "value"),
    [
        ("Hash Left Join", "Hash Join", "Join Type", "Left"),
        ("Hash Right Anti Join", "Hash Join", "Join Type", "Right Anti"),
        ("Nested Loop Semi Join", "Nested Loop", "Join Type", "Semi"),
        ("YB Batched Nested Loop Left Join", "YB Batched Nested Loop", "Join Type", "Left"),
        ("Partial GroupAggregate", "Aggregate", "Partial Mode", "Partial"),
        ("Parallel Seq Scan on kine", "Seq Scan", "Parallel Aware", True),
        ("Bitmap Index Scan on kine_name_index", "Bitmap Index Scan", "Index Name", "kine_name_index"),
        ("Function Scan on generate_series g", "Function Scan", "Function Name", "generate_series"),
        ('Values Scan on "*VALUES*"', "Values Scan", "Alias", "*VALUES*"),
        ("HashSetOp Except All", "SetOp", "Command", "Except All"),
        ("Insert on kine", "ModifyTable", "Operation", "Insert"),
        ("Distinct Index Only Scan Backward using i on t", "Distinct Index Only Scan", "Scan Direction", "Backward"),
        ("Merge Append", "Merge Append", "Parallel Aware", False),
        ("Hash", "Hash", "Parallel Aware", False),
    ],
)
def test_names_of_the_text_form_become_those_of_json(line: str, kind: str, key: str, value: object) -> None:
    root = text_form.read_text_plan(f"{line}  (cost=0.00..1.00 rows=1 width=4)").root
    assert root.kind == kind
    assert root.details[key] == value


@given(st.text() | st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_garbage_is_refused_with_a_value_error_or_read(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(text_form.read_text_plan(text), QueryPlan)
