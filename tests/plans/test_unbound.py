"""Scans that filter names on the way are credited with the rows of the table, and named for what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.plan import Node
from kinetune.model.workload import Measured
from kinetune.plans.measure import measured
from kinetune.plans.reads import rows_read, scans
from kinetune.plans.unbound import is_unbound, lookups, unbound_scans
from tests.rules.planner import ROWS, recordings


def call(name: str, scenario: str, rows: float | None = ROWS) -> Measured:
    (one,) = (one for one in recordings(name) if one.call.scenario == scenario)
    return measured(one, rows=rows)


def symptoms(one: Measured) -> set[str]:
    return {remark.symptom for remark in one.remarks}


@pytest.mark.parametrize("scenario", ["get", "get-missing", "get-old"])
def test_a_lookup_from_the_end_of_the_key_reads_the_table(scenario: str) -> None:
    """Also where the key was found at once: 3 requests and 3 ms, as well as 207 ms."""
    one = call("v0.17.5-off_off", scenario)
    assert one.plan is not None
    assert max(map(rows_read, scans(one.plan))) == ROWS
    assert "lookup-reads-table" in symptoms(one)
    assert not symptoms(one) & {"whole-table-read", "wrong-index", "filter-after-fetch"}


@pytest.mark.parametrize("scenario", ["get", "get-missing", "get-old", "poll", "list-empty"])
def test_with_usable_statistics_no_lookup_does(scenario: str) -> None:
    one = call("v0.17.5-on_on", scenario)
    assert one.plan is not None
    assert not list(lookups(one.plan, ROWS))
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
    assert max(map(rows_read, scans(one.plan))) < 10
    assert "lookup-reads-table" in symptoms(one)


def test_rows_that_the_storage_counts_are_believed() -> None:
    """2024.1 and newer."""
    (one,) = (one for one in recordings("v0.17.5-off_off") if one.call.scenario == "get-missing")
    plain = measured(one)
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
    assert is_unbound(Node("Index Scan", relation="kine", index="kine_pkey", details=details)) is unbound
