from __future__ import annotations

from dataclasses import replace

from kinetune.kine.schema import UNIQUE
from kinetune.model.facts import Key, ObservedIndex
from kinetune.model.finding import Severity
from kinetune.rules.missing_unique_index import missing_unique_index
from tests.rules.made import hashed, healthy, run_one, skip_one, with_index, with_table, without_index, yugabytedb

NAME = "kine_name_prev_revision_uindex"


def test_the_unique_guard_of_both_servers_is_enough() -> None:
    assert not run_one(missing_unique_index, healthy())
    assert not run_one(missing_unique_index, yugabytedb())


def test_without_the_guard_updates_are_lost() -> None:
    (finding,) = run_one(missing_unique_index, without_index(healthy(), NAME))
    assert (finding.severity, finding.on) == (Severity.ERROR, NAME)
    assert "is missing" in finding.says
    assert "updates of one object are lost, and deleted objects may reappear" in finding.says
    assert finding.do.startswith(
        "kinetune init; if that fails, find the duplicates: SELECT name, prev_revision, count(*)"
    )


def test_an_invalid_guard_guards_nothing() -> None:
    (finding,) = run_one(missing_unique_index, with_index(healthy(), ObservedIndex(UNIQUE, valid=False)))
    assert (finding.severity, finding.on) == (Severity.ERROR, NAME)
    assert "is invalid" in finding.says


def test_a_store_that_init_will_not_rebuild_gets_the_statements() -> None:
    facts = hashed(yugabytedb())
    (missing,) = run_one(missing_unique_index, without_index(facts, NAME))
    assert missing.do.startswith(f"CREATE UNIQUE INDEX {NAME} ON kine (name ASC, prev_revision ASC) INCLUDE (id)")
    (invalid,) = run_one(missing_unique_index, with_index(facts, ObservedIndex(UNIQUE, valid=False)))
    assert invalid.do.startswith(f"DROP INDEX {NAME}; CREATE UNIQUE INDEX {NAME}")


def test_a_guard_of_another_name_or_order_guards_as_well() -> None:
    turned = replace(UNIQUE, name="mine", keys=(Key("prev_revision"), Key("name")))
    assert not run_one(missing_unique_index, with_index(without_index(healthy(), NAME), ObservedIndex(turned)))


def test_a_plain_or_partial_index_is_no_guard() -> None:
    for weak in (
        replace(UNIQUE, unique=False),
        replace(UNIQUE, predicate="false"),
        replace(UNIQUE, keys=(Key("name"),)),
    ):
        (finding,) = run_one(missing_unique_index, with_index(healthy(), ObservedIndex(weak)))
        assert finding.on == NAME


def test_of_what_is_not_kines_table_nothing_is_reported() -> None:
    assert skip_one(missing_unique_index, with_table(healthy(), kind="v")).reason == "kine is a view, not Kine's table"
    assert skip_one(missing_unique_index, healthy(table=None)).reason == "there is no table kine"
