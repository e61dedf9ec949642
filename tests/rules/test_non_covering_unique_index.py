from __future__ import annotations

from kinetune.kine.schema import UNIQUE
from kinetune.model.facts import ObservedIndex
from kinetune.model.finding import Severity
from kinetune.rules.non_covering_unique_index import non_covering_unique_index
from tests.rules.made import hashed, healthy, run_one, with_index, yugabytedb

PLAIN = ObservedIndex(UNIQUE)


def test_an_index_with_id_inside_is_fine() -> None:
    assert not run_one(non_covering_unique_index, yugabytedb())


def test_without_id_inside_yugabytedb_pays_a_request_for_each_write() -> None:
    (finding,) = run_one(non_covering_unique_index, with_index(yugabytedb(), PLAIN))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine_name_prev_revision_uindex")
    assert "does not include id" in finding.says
    assert finding.do == "kinetune init"


def test_a_store_by_hash_has_to_move_for_it() -> None:
    (finding,) = run_one(non_covering_unique_index, hashed(with_index(yugabytedb(), PLAIN)))
    assert "kinetune init --allow REBUILD" in finding.do


def test_postgresql_gains_nothing_by_it() -> None:
    assert not run_one(non_covering_unique_index, with_index(healthy(), PLAIN))


def test_an_invalid_index_is_left_to_the_rule_on_unique_revisions() -> None:
    assert not run_one(non_covering_unique_index, with_index(yugabytedb(), ObservedIndex(UNIQUE, valid=False)))
