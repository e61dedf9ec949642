from __future__ import annotations

import pytest

from kinetune.model.facts import SeenIndex
from kinetune.model.finding import Severity
from kinetune.model.schema import Index, Key
from kinetune.rules.unknown_indexes import unknown_indexes
from tests.rules.made import hashed, healthy, heard, skipped, with_index, with_table, yugabytedb


def plain(name: str, *columns: str, unique: bool = False) -> Index:
    return Index(name, tuple(map(Key, columns)), unique=unique)


def test_known_indexes_are_fine_on_both_servers() -> None:
    assert not heard(unknown_indexes, healthy())
    assert not heard(unknown_indexes, yugabytedb())


def test_an_index_of_somebody_elses_is_told_with_its_size() -> None:
    (finding,) = heard(unknown_indexes, with_index(healthy(), SeenIndex(plain("mine", "lease"), bytes=42_000_000)))
    assert (finding.severity, finding.on) == (Severity.INFO, "mine")
    assert finding.says == "is neither Kine's nor kinetune's (42 MB): every write feeds it"
    assert finding.do == "DROP INDEX CONCURRENTLY mine"
    (there,) = heard(unknown_indexes, with_index(yugabytedb(), SeenIndex(plain("mine", "lease"))))
    assert there.do == "DROP INDEX mine"


def test_a_unique_index_that_refuses_kines_rows_is_an_error() -> None:
    index = SeenIndex(plain("one_name", "name", unique=True), constraint="one_name")
    (finding,) = heard(unknown_indexes, with_index(healthy(), index))
    assert (finding.severity, finding.on) == (Severity.ERROR, "one_name")
    assert "refuses rows that Kine has to write" in finding.says
    assert finding.do == "ALTER TABLE public.kine DROP CONSTRAINT one_name"


@pytest.mark.parametrize("columns", [("id", "name"), ("name", "prev_revision"), ("prev_revision", "lease", "name")])
def test_a_unique_index_that_holds_a_key_of_kines_refuses_nothing(columns: tuple[str, ...]) -> None:
    (finding,) = heard(unknown_indexes, with_index(healthy(), SeenIndex(plain("mine", *columns, unique=True))))
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize("name", ["kinetune_new_kine_name_index", "kinetune_old_kine_name_index"])
@pytest.mark.parametrize("valid", [True, False])
def test_what_an_interrupted_run_left_is_a_warning(name: str, valid: bool) -> None:
    left = SeenIndex(plain(name, "name"), valid=valid)
    (finding,) = heard(unknown_indexes, with_index(healthy(), left))
    assert (finding.severity, finding.on, finding.do) == (Severity.WARNING, name, "kinetune init")
    assert "left by an interrupted run" in finding.says
    (there,) = heard(unknown_indexes, hashed(with_index(yugabytedb(), left)))
    assert there.do == f"DROP INDEX {name}"


def test_an_invalid_one_is_left_to_its_own_rule() -> None:
    assert not heard(unknown_indexes, with_index(healthy(), SeenIndex(plain("mine", "lease"), valid=False)))


def test_of_what_is_not_kines_table_nothing_is_said() -> None:
    assert "is a view" in skipped(unknown_indexes, with_table(healthy(), kind="v")).reason
