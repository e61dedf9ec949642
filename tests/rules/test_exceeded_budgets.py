from __future__ import annotations

import pytest

from kinetune.model.finding import Severity
from kinetune.model.workload import Recording
from kinetune.rules.context import Limits
from kinetune.rules.exceeded_budgets import exceeded_budgets
from tests.rules.made import healthy, run_one
from tests.rules.recordings import BATCHED, HEALTHY, call, recorded

FACTS = healthy(recordings=(recorded(HEALTHY, Execution_Time=12.5), recorded(BATCHED, "poll", Execution_Time=3.0)))


def test_a_call_over_its_budget_is_an_error() -> None:
    (found,) = run_one(exceeded_budgets, FACTS, limits=Limits(milliseconds={"list-page": 5}))
    assert (found.severity, found.on) == (Severity.ERROR, "list-page")
    assert found.says == "list pods, first page: 12.5 ms, the budget is 5.00 ms"
    assert found.do == "kinetune explain --query list-page --tree"


def test_time_and_work_of_one_call_are_one_finding() -> None:
    (found,) = run_one(exceeded_budgets, FACTS, limits=Limits(milliseconds={"list-page": 5}, work={"list-page": 1000}))
    assert "1,556 blocks, the budget is 1,000" in found.says


@pytest.mark.parametrize(
    ("budgets", "over"),
    [
        ({"*": 5}, ["list-page"]),
        ({"*": 1}, ["list-page", "poll"]),
        ({"*": 1, "poll": 5, "list-page": 20}, []),
        ({"ListCurrentVal": 5}, ["list-page"]),
        ({"ListCurrentVal": 5, "list-page": 20}, []),
        ({}, []),
    ],
)
def test_the_nearest_budget_holds(budgets: dict[str, float], over: list[str]) -> None:
    assert [found.on for found in run_one(exceeded_budgets, FACTS, limits=Limits(milliseconds=budgets))] == over


def test_storage_requests_have_budgets_too() -> None:
    (found,) = run_one(exceeded_budgets, FACTS, limits=Limits(work={"poll": 25}))
    assert "26 storage requests, the budget is 25" in found.says


def test_a_budget_for_no_call_is_a_warning() -> None:
    (found,) = run_one(exceeded_budgets, FACTS, limits=Limits(work={"list-pgae": 25}))
    assert (found.severity, found.on) == (Severity.WARNING, "list-pgae")
    assert "the calls are list-page, poll" in found.do


def test_a_read_that_was_not_finished_keeps_no_budget() -> None:
    stopped = Recording(call("list"), failed="stopped after 30 s (raise it with --timeout)")
    (found,) = run_one(exceeded_budgets, healthy(recordings=(stopped,)))
    assert (found.severity, found.on) == (Severity.ERROR, "list")
    assert "failed: stopped after 30 s" in found.says


def test_a_write_that_could_not_be_tried_says_nothing_of_kine() -> None:
    assert (
        run_one(exceeded_budgets, healthy(recordings=(Recording(call("create", writes=True), failed="no right"),)))
        == ()
    )
