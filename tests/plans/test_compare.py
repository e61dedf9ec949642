from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.plan import QueryPlan
from kinetune.model.workload import MeasuredCall
from kinetune.plans.compare import CallComparison, compare_runs, plan_differences
from tests.plans.recorded import explained, measured, postgres, yugabyte

STOCK = measured(yugabyte("x_stock-1-E20_listval_L501"))
TUNED = measured(yugabyte("x_tunedfull-1024-E20_listval_L501"))


def one(before: MeasuredCall, after: MeasuredCall, tolerance: float = 0.25) -> CallComparison:
    (comparison,) = compare_runs(explained(before), explained(after), tolerance)
    return comparison


def shaped(milliseconds: float | None, blocks: int | None, requests: int | None = None) -> MeasuredCall:
    root = postgres("E20-get").root
    return replace(measured(QueryPlan(root, blocks=blocks, requests=requests)), milliseconds=milliseconds)


def test_fewer_requests_and_less_time_are_better() -> None:
    comparison = one(STOCK, TUNED)
    assert comparison.trend == "better"
    assert comparison.work_ratio == pytest.approx(26 / 4022)
    assert comparison.scenario == "list-page"


def test_the_way_back_is_worse() -> None:
    assert one(TUNED, STOCK).trend == "worse"


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((0.2, 10, None), (0.9, 10, None), "same"),  # below a millisecond
        ((2.0, 10, None), (2.9, 10, None), "same"),  # less than a millisecond more
        ((10.0, 10, None), (12.0, 10, None), "same"),  # within the tolerance
        ((10.0, 10, None), (19.0, 10, None), "same"),  # same plan, same work: nine milliseconds are the machine's
        ((10.0, 10, None), (21.0, 10, None), "worse"),
        ((21.0, 10, None), (10.0, 10, None), "better"),
        ((10.0, 10, None), (13.0, 90, None), "worse"),  # three are enough where the work grew too
        ((1.0, 10, None), (1.0, 70, None), "same"),  # 60 blocks are few
        ((1.0, 10, None), (1.0, 90, None), "worse"),
        ((1.0, 1000, None), (1.0, 1200, None), "same"),
        ((10.0, 1000, None), (3.0, 2000, None), "better"),  # an index-only join touches more blocks and is quicker
        ((1.0, None, 4), (1.0, None, 8), "same"),
        ((1.0, None, 4), (1.0, None, 9), "worse"),
        ((1.0, None, 50), (1.0, None, 4), "better"),
        ((None, None, None), (9.0, None, None), "same"),
    ],
)
def test_the_verdict_follows_time_and_work(
    before: tuple[float | None, int | None, int | None],
    after: tuple[float | None, int | None, int | None],
    verdict: str,
) -> None:
    assert one(shaped(*before), shaped(*after)).trend == verdict


def test_blocks_and_requests_are_not_compared_with_each_other() -> None:
    comparison = one(shaped(1.0, 5000), shaped(1.0, None, 4))
    assert comparison.work_ratio is None
    assert comparison.trend == "same"


def test_a_call_that_fails_now_is_worse_and_one_that_recovers_is_better() -> None:
    failed = MeasuredCall(call=STOCK.call, failed="statement timeout")
    assert one(STOCK, failed).trend == "worse"
    assert one(failed, STOCK).trend == "better"
    assert one(failed, failed).trend == "same"


def test_scenarios_of_one_run_are_new_or_gone() -> None:
    other = replace(STOCK, call=replace(STOCK.call, scenario="poll"))
    found = compare_runs(explained(STOCK), explained(other), 0.25)
    assert [(each.scenario, each.trend) for each in found] == [("poll", "new"), ("list-page", "gone")]


def test_calls_are_matched_by_scenario_whatever_the_era_calls_its_query() -> None:
    renamed = replace(TUNED.call, query=replace(TUNED.call.query, era="E07", name="List"), words="list pods")
    assert one(STOCK, replace(TUNED, call=renamed)).trend == "better"


def test_a_scenario_that_comes_twice_is_matched_in_order() -> None:
    found = compare_runs(explained(STOCK, TUNED), explained(STOCK, TUNED), 0.25)
    assert [each.trend for each in found] == ["same", "same"]


def test_a_run_compared_with_itself_is_the_same() -> None:
    comparison = one(STOCK, STOCK)
    assert comparison.trend == "same"
    assert comparison.differences == ()
    assert comparison.time_ratio == comparison.work_ratio == 1


def test_differences_name_the_scan_that_was_replaced() -> None:
    found = plan_differences(postgres("list-without-indexes"), postgres("E20-list-page"))
    assert any(line.startswith("Seq Scan on kine -> Index Only Scan using kine_list_query_index") for line in found)
    assert any("blocks" in line for line in found)


def test_differences_name_the_join_and_the_requests_it_saves() -> None:
    found = plan_differences(yugabyte("x_tunedfull-1-E20_listval_L501"), yugabyte("x_tunedfull-1024-E20_listval_L501"))
    assert found == (
        "Nested Loop -> YB Batched Nested Loop",
        "Index Scan using kine_pkey on kine: 4,000 -> 4 requests",
    )


SHAPES = st.tuples(st.floats(0, 1e6), st.integers(0, 10**6))


@given(SHAPES, SHAPES, st.floats(0, 3))
def test_better_and_worse_mirror_each_other(
    one_: tuple[float, int], other: tuple[float, int], tolerance: float
) -> None:
    there = one(shaped(*one_), shaped(*other), tolerance).trend
    back = one(shaped(*other), shaped(*one_), tolerance).trend
    assert (there, back) in {("better", "worse"), ("worse", "better"), ("same", "same")}
