from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.model.plan import QueryPlan
from kinetune.plans import json_form
from tests.plans import recorded

EVERY = list(recorded.all_json()) + list(recorded.all_text())
IDS = [name for name, _ in EVERY]
KEYS = (
    "Node Type",
    "Plans",
    "Actual Rows",
    "Actual Loops",
    "Actual Total Time",
    "Plan Rows",
    "Workers Launched",
    "Parent Relationship",
    "Subplan Name",
    "CTE Name",
    "Shared Hit Blocks",
    "Storage Table Read Requests",
    "Rows Removed by Filter",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=9), inner),
    max_leaves=12,
)
RELATIONS = st.sampled_from(["Outer", "Inner", "InitPlan", "SubPlan"])


def nodes(deeper: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.fixed_dictionaries(
        {
            "Node Type": st.sampled_from(["Nested Loop", "Seq Scan", "CTE Scan", "Gather"]),
            "Parent Relationship": RELATIONS,
            "Subplan Name": st.sampled_from(["CTE a", "InitPlan 1 (returns $0)", "SubPlan 2"]),
            "CTE Name": st.sampled_from(["a", "b"]),
            "Actual Loops": st.integers(0, 9),
            "Actual Rows": st.floats(0, 1e6),
            "Actual Total Time": st.floats(0, 1e6),
            "Shared Hit Blocks": st.integers(0, 10**6),
            "Workers Launched": st.integers(0, 4),
            "Plans": deeper,
        }
    )


TREES = st.recursive(nodes(st.just([])), lambda inner: nodes(st.lists(inner, max_size=3)), max_leaves=6)


@pytest.mark.parametrize("found", [plan for _, plan in EVERY], ids=IDS)
def test_own_times_add_up_to_the_time_of_the_root(found: QueryPlan) -> None:
    own = [node.own_ms for node in found.nodes() if node.own_ms is not None]
    assert all(ms >= 0 for ms in own)
    assert sum(own) == pytest.approx(found.root.total_ms or 0.0, rel=0.02, abs=0.02)


@pytest.mark.parametrize("found", [plan for _, plan in EVERY], ids=IDS)
def test_own_blocks_add_up_to_the_blocks_of_the_query(found: QueryPlan) -> None:
    if found.blocks is not None:
        assert sum(node.own_blocks or 0 for node in found.nodes()) == found.blocks


@pytest.mark.parametrize("found", [plan for _, plan in EVERY], ids=IDS)
def test_requests_of_the_nodes_add_up_to_the_storage_read_requests(found: QueryPlan) -> None:
    said = found.totals.get("Storage Read Requests")
    if said is not None:
        assert sum(node.requests or 0 for node in found.nodes()) == found.requests == said


def test_a_cte_is_charged_where_it_is_pulled() -> None:
    found = recorded.postgres("E20-list-page")
    scan = next(node for node in recorded.of_kind(found, "CTE Scan") if node.rows == 501)
    assert scan.total_ms is not None
    assert scan.own_ms is not None
    assert scan.own_ms < scan.total_ms / 2
    assert scan.own_blocks == 0


def test_rows_and_requests_are_over_all_loops() -> None:
    found = recorded.yugabyte("x_stock-1-E20_listval_L501")
    inner = next(node for node in found.nodes() if node.loops == 4000)
    assert (inner.rows, inner.requests, inner.estimated_rows) == (4000, 4000, 1)
    assert inner.details["Actual Rows"] == 1


def test_rows_of_postgresql_18_keep_their_fractions() -> None:
    found = recorded.plan("postgresql-18/memoize.json")
    inner = next(node for node in found.nodes() if node.loops == 499)
    assert inner.rows == pytest.approx(428, abs=3)


def test_processes_side_by_side_share_the_clock_and_add_up_their_rows() -> None:
    found = recorded.postgres("parallel-count")
    scan = recorded.of_kind(found, "Seq Scan")[0]
    assert scan.loops == 3
    assert scan.rows == pytest.approx(49_800, abs=3)
    assert scan.total_ms == pytest.approx(scan.details["Actual Total Time"])
    assert scan.total_ms is not None
    assert scan.total_ms < (found.root.total_ms or 0)


def test_what_was_never_executed_took_nothing() -> None:
    never = [node for node in recorded.postgres("never-executed").nodes() if node.loops == 0]
    assert never
    assert all((node.rows, node.total_ms, node.own_ms, node.own_blocks) == (0, 0, 0, 0) for node in never)


def test_a_plan_without_analyze_says_estimates_only() -> None:
    found = recorded.yugabyte("noanalyze-x_stock-1-E20_listval_L501")
    assert found.execution_ms is None
    assert found.requests is None
    assert all(node.rows is None and node.own_ms is None and node.estimated_rows for node in found.nodes())


def test_requests_are_added_up_where_the_summary_is_off() -> None:
    found = recorded.yugabyte("analyze-dist-costs_off-timing_off-summary_off")
    assert found.requests == 4
    assert found.root.total_ms is None


def test_totals_and_details_are_kept_as_they_came() -> None:
    found = recorded.yugabyte("x_stock-1024-CurrentRev")
    assert found.totals["Peak Memory Usage"] == 24
    assert found.root.details["Partial Mode"] == "Finalize"


def test_text_bytes_and_parsed_json_are_read_alike() -> None:
    text = '[{"Plan": {"Node Type": "Result", "Actual Rows": 1, "Actual Loops": 2}, "New Total": 5}]'
    assert (
        json_form.read_json_plan(text)
        == json_form.read_json_plan(text.encode())
        == json_form.read_json_plan(json.loads(text))
    )
    assert json_form.read_json_plan(text).totals == {"New Total": 5}


def test_old_names_are_read_as_the_new_ones() -> None:
    found = json_form.read_json_plan({"Plan": {"Node Type": "YB Seq Scan", "Relation Name": "kine"}})
    assert found.root.kind == "Seq Scan"


@pytest.mark.parametrize("document", ["[]", "{}", "7", '{"Plan": 3}', '[{"Plan": {}}]', "nonsense", None])
def test_what_holds_no_plan_is_refused(document: object) -> None:
    with pytest.raises(ValueError):
        json_form.read_json_plan(document)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=9), VALUES), st.dictionaries(st.text(), VALUES))
@settings(max_examples=150, deadline=None)
def test_unknown_keys_and_odd_values_are_never_fatal(node: dict[str, object], totals: dict[str, object]) -> None:
    found = json_form.read_json_plan({**totals, "Plan": {**node, "Node Type": "Seq Scan"}})
    assert set(found.totals) == set(totals) - {"Plan"}
    assert all(each.own_ms is None or each.own_ms >= 0 for each in found.nodes())


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_own_figures_are_never_negative_nor_more_than_was_measured(tree: dict[str, object]) -> None:
    found = json_form.read_json_plan({"Plan": tree})
    detached = sum(node.total_ms or 0 for node in found.nodes() if node.details["Parent Relationship"] == "InitPlan")
    own = [node.own_ms or 0 for node in found.nodes()]
    assert all(ms >= 0 for ms in own)
    assert sum(own) <= ((found.root.total_ms or 0) + detached) * 1.001 + 0.001
    assert all((node.own_blocks or 0) >= 0 for node in found.nodes())
