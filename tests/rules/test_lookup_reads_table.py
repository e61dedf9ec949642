from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from kinetune.model.facts import Facts, Index, Key, ObservedIndex, Order
from kinetune.model.finding import Severity
from kinetune.model.workload import Recording
from kinetune.rules.lookup_reads_table import lookup_reads_table
from kinetune.servers.identification import parse_server_name
from tests.rules.made import healthy, run_one, skip_one, with_table, written_by
from tests.rules.planner import planned, recordings, store


@pytest.mark.parametrize("scenario", ["get-missing", "get-old", "get"])
def test_a_lookup_that_reads_the_key_backwards_is_an_error(scenario: str) -> None:
    (found,) = run_one(lookup_reads_table, planned("v0.17.5-off_off", scenario))
    assert (found.severity, found.on) == (Severity.ERROR, "kine")
    assert re.search(r"Index Scan (Backward )?using kine_pkey", found.says)
    assert "every row for a new key (55,000 now)" in found.says
    assert "kinetune analyze; ALTER DATABASE kubernetes SET yb_enable_optimizer_statistics = 'on'" in found.do


def test_all_calls_of_one_cause_are_one_finding() -> None:
    (found,) = run_one(lookup_reads_table, planned("v0.17.5-off_off"))
    assert " other call" in found.says
    assert len(run_one(lookup_reads_table, planned("v0.16.4-off_off"))) == 1


def test_with_statistics_and_cost_model_in_use_it_is_silent() -> None:
    assert run_one(lookup_reads_table, planned("v0.17.5-on_on", "get", "get-missing", "get-old")) == ()


def test_plans_that_were_not_executed_say_the_same() -> None:
    """What check asks for writes: EXPLAIN without ANALYZE."""
    (one,) = (one for one in recordings("v0.17.5-off_off") if one.call.scenario == "get-missing")
    bare = replace(one, custom=(_without_actuals(one.custom[0]),))
    assert run_one(lookup_reads_table, replace(store(), lookups=(bare,)))


def _without_actuals(document: object) -> object:
    if isinstance(document, list):
        return [_without_actuals(one) for one in document]
    if isinstance(document, dict):
        kept = {key: one for key, one in document.items() if not key.startswith(("Actual", "Storage", "Execution"))}
        return {key: _without_actuals(one) for key, one in kept.items()}
    return document


@pytest.mark.parametrize(("rows", "found"), [(999, 0), (1_000, 1)])
def test_a_sequential_scan_counts_from_1000_rows_on(rows: int, found: int) -> None:
    plan = {"Node Type": "Seq Scan", "Relation Name": "kine", "Remote Filter": "(name = 'x'::text)", "Plan Rows": 1}
    (one, *_) = recordings("v0.17.5-on_on")
    facts = replace(store("on", "on", max_id=rows, counted=rows), lookups=(_with(one, plan),))
    assert len(run_one(lookup_reads_table, facts)) == found


def _with(one: Recording, plan: Mapping[str, object]) -> Recording:
    return replace(one, custom=([{"Plan": plan}],))


BOUND = [
    "((name = 'x'::text) AND (id IS NOT NULL))",
    "(id = ANY (ARRAY[$0, $1]))",
    "(id = $0)",
    "(id > '10'::bigint)",
    "(id >= 10)",
]
UNBOUND = ["(id IS NOT NULL)", "(id <= '40000'::bigint)", "((id IS NOT NULL) AND (id <= 40000))", "(id < 5)"]


@pytest.mark.parametrize("sought", [*BOUND, *UNBOUND])
def test_a_bound_on_the_name_or_from_below_on_the_id_is_what_counts(sought: str) -> None:
    plan = {
        "Node Type": "Index Scan",
        "Relation Name": "kine",
        "Index Name": "kine_pkey",
        "Index Cond": sought,
        "Remote Filter": "(name = 'x'::text)",
    }
    (one, *_) = recordings("v0.17.5-on_on")
    found = run_one(lookup_reads_table, replace(store("on", "on"), lookups=(_with(one, plan),)))
    assert bool(found) is (sought in UNBOUND)


@pytest.mark.parametrize(
    ("statistics", "cost_model", "rows", "found"),
    [
        ("off", "off", None, True),
        ("off", "off", 50_000, True),
        ("on", "off", None, True),
        ("on", "on", None, True),
        ("off", "on", None, False),
        ("on", "off", 2_000, False),
        ("on", "on", 2_000, False),
    ],
)
def test_without_plans_it_follows_from_settings_and_statistics(
    statistics: str, cost_model: str, rows: int | None, found: bool
) -> None:
    """docs/facts/measured.md §9: what the planner of 2.21 does with MAX(id) of a name."""
    assert bool(run_one(lookup_reads_table, store(statistics, cost_model, rows=rows))) is found


def test_what_the_first_release_of_init_left_is_found_while_it_is_empty() -> None:
    (found,) = run_one(lookup_reads_table, store(max_id=None, counted=0, compacted=0))
    assert "kinetune init" in found.do


def test_ids_by_hash_and_older_kine_do_not_plan_so() -> None:
    key = ObservedIndex(Index("kine_pkey", (Key("id", Order.HASH),), unique=True), constraint="kine_pkey")
    assert run_one(lookup_reads_table, with_table(store(), primary_key=key)) == ()
    assert run_one(lookup_reads_table, replace(store(), kine=written_by("v0.14.16"))) == ()


def test_of_a_newer_base_nothing_is_inferred() -> None:
    facts: Facts = replace(store(), server=parse_server_name("yugabytedb-2025.1.1"))
    assert "not measured" in skip_one(lookup_reads_table, facts).reason


def test_postgresql_passes() -> None:
    assert run_one(lookup_reads_table, healthy()) == ()


def test_few_rows_and_no_statistics_get_the_time_at_which_to_analyse() -> None:
    plan = {"Node Type": "Seq Scan", "Relation Name": "kine", "Remote Filter": "(name = 'x'::text)", "Plan Rows": 1}
    (one, *_) = recordings("v0.17.5-on_on")
    facts = replace(store("on", "on", max_id=1_500, counted=1_500), lookups=(_with(one, plan),))
    (found,) = run_one(lookup_reads_table, facts)
    assert found.do == "kinetune analyze when the table has 2,000 rows"
