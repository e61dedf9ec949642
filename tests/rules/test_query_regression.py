from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.model.workload import Recording
from kinetune.rules.context import Limits
from kinetune.rules.query_regression import query_regression
from tests.rules.made import healthy, run_one, skip_one, yugabytedb
from tests.rules.recordings import BATCHED, HEALTHY, ROW_BY_ROW, WHOLE, call, recorded, run


def test_a_lost_index_shows_as_an_error() -> None:
    facts = healthy(recordings=(recorded(WHOLE),))
    (found,) = run_one(query_regression, facts, before=run(facts, recorded(HEALTHY)))
    assert (found.severity, found.on) == (Severity.ERROR, "list-page")
    assert "1,556 → 10,528 blocks, 3.15 ms → 39.7 ms (" in found.says
    assert "Seq Scan on kine" in found.says
    assert "--against" in found.do


def test_lost_batches_show_in_storage_requests() -> None:
    facts = yugabytedb(recordings=(recorded(ROW_BY_ROW),))
    (found,) = run_one(query_regression, facts, before=run(facts, recorded(BATCHED)))
    assert "26 → 4,022 storage requests" in found.says


def test_a_call_that_fails_now_is_an_error() -> None:
    facts = healthy(recordings=(Recording(call(), failed="stopped after 30 s"),))
    (found,) = run_one(query_regression, facts, before=run(facts, recorded(HEALTHY)))
    assert found.severity is Severity.ERROR
    assert "succeeded in the saved run, now fails: stopped after 30 s" in found.says


def test_time_alone_is_a_warning() -> None:
    facts = healthy(recordings=(recorded(HEALTHY, Execution_Time=90.0),))
    (found,) = run_one(query_regression, facts, before=run(facts, recorded(HEALTHY)))
    assert found.severity is Severity.WARNING
    assert "3.15 ms → 90.0 ms" in found.says


def test_within_the_tolerance_it_is_silent() -> None:
    facts = healthy(recordings=(recorded(HEALTHY, Execution_Time=90.0),))
    limits = Limits(tolerance=30.0)
    assert run_one(query_regression, facts, before=run(facts, recorded(HEALTHY)), limits=limits) == ()


def test_a_better_plan_and_another_choice_of_calls_are_fine() -> None:
    facts = healthy(recordings=(recorded(HEALTHY), recorded(WHOLE, "new")))
    before = run(facts, recorded(WHOLE), recorded(HEALTHY, "gone"))
    assert run_one(query_regression, facts, before=before) == ()


def test_without_a_saved_run_it_is_skipped() -> None:
    assert "--against" in skip_one(query_regression, healthy()).reason
