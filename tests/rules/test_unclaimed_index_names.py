from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.kine.schema import UNIQUE
from kinetune.model.facts import ObservedIndex
from kinetune.model.finding import Severity
from kinetune.rules.unclaimed_index_names import unclaimed_index_names
from tests.rules.made import hashed, healthy, run_one, skip_one, with_index, with_table, without_index, yugabytedb

NAMES = ["kine_name_index", "kine_name_id_index", "kine_id_deleted_index", "kine_prev_revision_index"]


def test_taken_names_are_fine_on_both_servers() -> None:
    assert not run_one(unclaimed_index_names, healthy())
    assert not run_one(unclaimed_index_names, yugabytedb())


@pytest.mark.parametrize("name", NAMES)
def test_a_free_name_is_built_at_the_next_start(name: str) -> None:
    (finding,) = run_one(unclaimed_index_names, without_index(healthy(), name))
    assert (finding.severity, finding.on, finding.do) == (Severity.WARNING, name, "kinetune init")
    assert "blocks all writes (less than 1 s for 20,000 rows)" in finding.says


def test_a_large_table_says_how_long() -> None:
    facts = with_table(without_index(healthy(), "kine_name_index"), rows=5_000_000)
    (finding,) = run_one(unclaimed_index_names, facts)
    assert "(up to 15 s for 5,000,000 rows)" in finding.says
    (unknown,) = run_one(unclaimed_index_names, with_table(facts, rows=None))
    assert "(less than 1 s" not in unknown.says
    assert "0.6 to 3 s per million rows" in unknown.says


def test_on_yugabytedb_every_write_sends_a_request_more() -> None:
    (finding,) = run_one(unclaimed_index_names, without_index(yugabytedb(), "kine_name_index"))
    assert "3 to 9 s, and from then on every write sends one more request" in finding.says


def test_a_store_that_init_will_not_rebuild_gets_the_placeholder_itself() -> None:
    (finding,) = run_one(unclaimed_index_names, hashed(without_index(yugabytedb(), "kine_name_index")))
    assert finding.do == "CREATE INDEX kine_name_index ON kine (id ASC) WHERE false"


def test_the_guards_name_counts_only_where_another_index_guards() -> None:
    assert not run_one(unclaimed_index_names, without_index(healthy(), UNIQUE.name))
    renamed = ObservedIndex(replace(UNIQUE, name="mine"))
    (finding,) = run_one(unclaimed_index_names, with_index(without_index(healthy(), UNIQUE.name), renamed))
    assert finding.on == UNIQUE.name


def test_the_list_query_index_is_left_to_its_own_rule() -> None:
    assert not run_one(unclaimed_index_names, without_index(healthy(), "kine_list_query_index"))


def test_of_what_is_not_kines_table_nothing_is_reported() -> None:
    assert "is a view" in skip_one(unclaimed_index_names, with_table(healthy(), kind="v")).reason
