from __future__ import annotations

from kinetune.kine.schema import UNIQUE
from kinetune.model.facts import Index, Key, ObservedIndex
from kinetune.model.finding import Severity
from kinetune.rules.invalid_indexes import invalid_indexes
from tests.rules.made import hashed, healthy, run_one, with_index, yugabytedb


def broken(name: str) -> ObservedIndex:
    return ObservedIndex(Index(name, (Key("name"),)), valid=False)


def test_valid_indexes_are_fine_on_both_servers() -> None:
    assert not run_one(invalid_indexes, healthy())
    assert not run_one(invalid_indexes, yugabytedb())


def test_kine_skips_an_invalid_index_for_ever() -> None:
    (finding,) = run_one(invalid_indexes, with_index(healthy(), broken("kine_name_index")))
    assert (finding.severity, finding.on, finding.do) == (Severity.ERROR, "kine_name_index", "kinetune init")
    assert "Kine does not rebuild it because the name exists" in finding.says


def test_an_index_of_another_name_is_dropped_by_hand() -> None:
    (here,) = run_one(invalid_indexes, with_index(healthy(), broken("My index")))
    assert (here.severity, here.do) == (Severity.ERROR, 'DROP INDEX CONCURRENTLY "My index"')
    (there,) = run_one(invalid_indexes, with_index(yugabytedb(), broken("mine")))
    assert there.do == "DROP INDEX mine"


def test_a_store_that_init_will_not_rebuild_lets_kine_build_it() -> None:
    (finding,) = run_one(invalid_indexes, hashed(with_index(yugabytedb(), broken("kine_name_index"))))
    assert finding.do == "DROP INDEX kine_name_index; restart Kine"


def test_what_kinetune_left_and_the_guard_have_rules_of_their_own() -> None:
    assert not run_one(invalid_indexes, with_index(healthy(), broken("kinetune_new_kine_name_index")))
    assert not run_one(invalid_indexes, with_index(healthy(), ObservedIndex(UNIQUE, valid=False)))


def test_a_second_invalid_unique_index_is_reported_here() -> None:
    second = ObservedIndex(Index("second", UNIQUE.keys, unique=True), valid=False)
    (finding,) = run_one(invalid_indexes, with_index(healthy(), second))
    assert finding.on == "second"
