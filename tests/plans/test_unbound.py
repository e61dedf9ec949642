"""Scans that filter names on the way are credited with the rows of the table, and named for what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.plan import PlanNode
from kinetune.model.workload import MeasuredCall
from kinetune.plans.measure import measure_call
from kinetune.plans.reads import executed_scans, is_unbound, rows_read, table_reading_lookups, unbound_scans
from tests.rules.planner import ROWS, recordings


def call(name: str, scenario: str, rows: float | None = ROWS) -> MeasuredCall:
    (one,) = (one for one in recordings(name) if one.call.scenario == scenario)
    return measure_call(one, rows=rows)


def symptoms(one: MeasuredCall) -> set[str]:
    return {remark.symptom for remark in one.remarks}


@pytest.mark.parametrize("scenario", ["get", "get-missing", "get-old"])
def test_a_lookup_from_the_end_of_the_key_reads_the_table(scenario: str) -> None:
    """Also where the key was found at once: 3 requests and 3 ms, as well as 207 ms."""
    one = call("v0.17.5-off_off", scenario)
    assert one.plan is not None
    assert max(map(rows_read, executed_scans(one.plan))) == ROWS
    assert "lookup-reads-table" in symptoms(one)
    assert not symptoms(one) & {"whole-table-read", "wrong-index", "filter-after-fetch"}


@pytest.mark.parametrize("scenario", ["get", "get-missing", "get-old", "poll", "list-empty"])
def test_with_usable_statistics_no_lookup_does(scenario: str) -> None:
    one = call("v0.17.5-on_on", scenario)
    assert one.plan is not None
    assert not list(table_reading_lookups(one.plan, ROWS))
    assert not symptoms(one) & {"lookup-reads-table", "unbound-list"}


def test_a_page_from_the_beginning_of_the_ids_is_a_list_of_its_own_kind() -> None:
    one = call("v0.17.5-on_on", "next-page")
    assert one.plan is not None
    (scan,) = unbound_scans(one.plan)
    assert rows_read(scan) == ROWS
    assert "unbound-list" in symptoms(one)


def test_where_the_rows_of_the_table_are_not_known_nothing_is_made_up() -> None:
    one = call("v0.17.5-off_off", "get-missing", None)
    assert one.plan is not None
    assert max(map(rows_read, executed_scans(one.plan))) < 10
    assert "lookup-reads-table" in symptoms(one)


def test_rows_that_the_storage_counts_are_believed() -> None:
    """2024.1 and newer."""
    (one,) = (one for one in recordings("v0.17.5-off_off") if one.call.scenario == "get-missing")
    plain = measure_call(one)
    assert plain.plan is not None
    (scan, *_) = unbound_scans(plain.plan)
    counted = replace(scan, details={**scan.details, "Storage Table Rows Scanned": 7})
    assert rows_read(counted) == 7


@pytest.mark.parametrize(
    ("sought", "filtered", "unbound"),
    [
        ("(id IS NOT NULL)", "(name = 'x'::text)", True),
        ("(id <= '5'::bigint)", "((name >= 'a'::text) AND (name < 'b'::text))", True),
        ("(id IS NOT NULL)", "", False),
        ("(id > $1)", "(name = 'x'::text)", False),
        ("(name = 'x'::text)", "(name = 'x'::text)", False),
        ("(kine.id = ANY (ARRAY[a, b]))", "(name <> 'compact_rev_key'::text)", False),
    ],
)
def test_what_is_unbound(sought: str, filtered: str, unbound: bool) -> None:
    details = {"Index Cond": sought, "Remote Filter": filtered}
    assert is_unbound(PlanNode("Index Scan", relation="kine", index="kine_pkey", details=details)) is unbound
