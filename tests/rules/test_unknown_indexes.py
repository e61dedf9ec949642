from __future__ import annotations

import pytest

from kinetune.model.facts import Index, Key, ObservedIndex
from kinetune.model.finding import Severity
from kinetune.rules.unknown_indexes import unknown_indexes
from tests.rules.made import hashed, healthy, run_one, skip_one, with_index, with_table, yugabytedb


def plain(name: str, *columns: str, unique: bool = False) -> Index:
    return Index(name, tuple(map(Key, columns)), unique=unique)


def test_known_indexes_are_fine_on_both_servers() -> None:
    assert not run_one(unknown_indexes, healthy())
    assert not run_one(unknown_indexes, yugabytedb())


def test_an_unknown_index_is_reported_with_its_size() -> None:
    (finding,) = run_one(
        unknown_indexes, with_index(healthy(), ObservedIndex(plain("mine", "lease"), bytes=42_000_000))
    )
    assert (finding.severity, finding.on) == (Severity.INFO, "mine")
    assert finding.says == "was created by neither Kine nor kinetune (40 MiB): every write has to update it"
    assert finding.do == "DROP INDEX CONCURRENTLY mine"
    (there,) = run_one(unknown_indexes, with_index(yugabytedb(), ObservedIndex(plain("mine", "lease"))))
    assert there.do == "DROP INDEX mine"


def test_a_unique_index_that_refuses_kines_rows_is_an_error() -> None:
    index = ObservedIndex(plain("one_name", "name", unique=True), constraint="one_name")
    (finding,) = run_one(unknown_indexes, with_index(healthy(), index))
    assert (finding.severity, finding.on) == (Severity.ERROR, "one_name")
    assert "rejects rows that Kine writes" in finding.says
    assert finding.do == "ALTER TABLE public.kine DROP CONSTRAINT one_name"


@pytest.mark.parametrize("columns", [("id", "name"), ("name", "prev_revision"), ("prev_revision", "lease", "name")])
def test_a_unique_index_that_holds_a_key_of_kines_refuses_nothing(columns: tuple[str, ...]) -> None:
    (finding,) = run_one(unknown_indexes, with_index(healthy(), ObservedIndex(plain("mine", *columns, unique=True))))
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize("name", ["kinetune_new_kine_name_index", "kinetune_old_kine_name_index"])
@pytest.mark.parametrize("valid", [True, False])
def test_what_an_interrupted_run_left_is_a_warning(name: str, valid: bool) -> None:
    left = ObservedIndex(plain(name, "name"), valid=valid)
    (finding,) = run_one(unknown_indexes, with_index(healthy(), left))
    assert (finding.severity, finding.on, finding.do) == (Severity.WARNING, name, "kinetune init")
    assert "left behind by an interrupted kinetune" in finding.says
    (there,) = run_one(unknown_indexes, hashed(with_index(yugabytedb(), left)))
    assert there.do == f"DROP INDEX {name}"


def test_an_invalid_one_is_left_to_its_own_rule() -> None:
    assert not run_one(unknown_indexes, with_index(healthy(), ObservedIndex(plain("mine", "lease"), valid=False)))


def test_of_what_is_not_kines_table_nothing_is_reported() -> None:
    assert "is a view" in skip_one(unknown_indexes, with_table(healthy(), kind="v")).reason
