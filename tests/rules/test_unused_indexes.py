from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.unused_indexes import unused_indexes
from tests.rules.made import healthy, recording, run_one, skip_one, with_table, yugabytedb

LISTS = recording("list-page", "kine_list_query_index", "kine_pkey")
COUNTS = recording("count", "kine_id_deleted_index", "kine_name_prev_revision_uindex")


def test_an_index_that_one_plan_uses_is_fine_on_both_servers() -> None:
    assert not run_one(unused_indexes, healthy(recordings=(LISTS, COUNTS)))
    assert not run_one(unused_indexes, yugabytedb())


def test_an_index_that_no_plan_uses_is_reported_with_a_way_to_verify_it() -> None:
    (finding,) = run_one(unused_indexes, healthy(recordings=(LISTS, recording("get", "kine_pkey"))))
    assert (finding.severity, finding.on) == (Severity.INFO, "kine_id_deleted_index")
    assert finding.says == "no plan of 2 calls uses it, but every write has to update it"
    assert "CREATE INDEX kine_id_deleted_index ON kine (id) WHERE false" in finding.do
    assert finding.do.endswith("kinetune explain --against before.json")


def test_the_generic_plan_counts_as_well() -> None:
    both = replace(LISTS, generic=COUNTS.custom)
    assert not run_one(unused_indexes, healthy(recordings=(both,)))


def test_placeholders_and_the_list_query_index_are_left_out() -> None:
    (finding,) = run_one(unused_indexes, healthy(recordings=(recording("get", "kine_pkey"),)))
    assert finding.on == "kine_id_deleted_index"


def test_without_plans_it_is_skipped() -> None:
    assert skip_one(unused_indexes, healthy(recordings=Unknown("--no-plans"))).reason == "--no-plans"
    assert skip_one(unused_indexes, healthy(recordings=())).reason == "there are no plans"


def test_a_call_that_failed_might_be_the_one_that_needs_the_index() -> None:
    failed = replace(COUNTS, custom=(), failed="statement timeout")
    found = skip_one(unused_indexes, healthy(recordings=(LISTS, failed)))
    assert found.reason == "count could not be explained: statement timeout"


@pytest.mark.parametrize("rows", [None, 9_999])
def test_a_small_or_unknown_table_proves_nothing(rows: int | None) -> None:
    assert "fewer than 10,000 rows" in skip_one(unused_indexes, with_table(healthy(), rows=rows)).reason
