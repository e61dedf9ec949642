from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.finding import Severity
from kinetune.model.workload import Recording
from kinetune.rules.slow_generic_plans import slow_generic_plans
from kinetune.servers.identification import parse_server_name
from tests.rules.made import POSTGRESQL, healthy, run_one, yugabytedb
from tests.rules.recordings import HEALTHY, WHOLE, recorded


def prepared(chosen: bool | None) -> Recording:
    return replace(recorded(HEALTHY), generic=recorded(WHOLE).custom, generic_chosen=chosen)


def test_a_worse_plan_that_the_server_takes_is_a_warning() -> None:
    (found,) = run_one(slow_generic_plans, healthy(recordings=(prepared(True),)))
    assert (found.severity, found.on) == (Severity.WARNING, "plan_cache_mode")
    assert "the server uses a generic plan: list pods, first page: 39.7 ms instead of 3.15 ms" in found.says
    assert found.do == "ALTER DATABASE kubernetes SET plan_cache_mode = 'force_custom_plan'; then restart Kine"


@pytest.mark.parametrize("chosen", [False, None])
def test_one_that_it_does_not_take_is_a_remark(chosen: bool | None) -> None:
    (found,) = run_one(slow_generic_plans, healthy(recordings=(prepared(chosen),)))
    assert found.severity is Severity.INFO


def test_calls_that_one_setting_helps_are_one_finding() -> None:
    other = replace(prepared(True), call=replace(prepared(True).call, scenario="get"))
    unasked = replace(prepared(False), call=replace(prepared(True).call, scenario="poll"))
    (found,) = run_one(slow_generic_plans, healthy(recordings=(other, prepared(True), unasked)))
    assert found.severity is Severity.WARNING
    assert "; also get" in found.says
    assert "poll" not in found.says


@pytest.mark.parametrize("name", ["postgresql-11", "yugabytedb-2024.2"])
def test_a_server_without_the_setting_is_helped_at_the_endpoint(name: str) -> None:
    (found,) = run_one(slow_generic_plans, healthy(server=parse_server_name(name), recordings=(prepared(True),)))
    assert found.do == "add default_query_exec_mode=exec to the parameters of Kine's endpoint"


def test_a_setting_of_the_database_settles_it() -> None:
    settled = {"plan_cache_mode": "force_custom_plan"}
    assert run_one(slow_generic_plans, healthy(recordings=(prepared(True),), database_settings=settled)) == ()
    assert run_one(slow_generic_plans, healthy(recordings=(prepared(True),), settings=POSTGRESQL | settled)) == ()


def test_a_generic_plan_as_good_as_the_other_is_fine() -> None:
    good = replace(recorded(HEALTHY), generic=recorded(HEALTHY).custom, generic_chosen=True)
    assert run_one(slow_generic_plans, healthy(recordings=(good,))) == ()
    assert run_one(slow_generic_plans, yugabytedb()) == ()
