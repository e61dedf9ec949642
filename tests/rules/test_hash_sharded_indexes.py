from __future__ import annotations

import pytest

from kinetune.model.facts import Index, Key, ObservedIndex, Order
from kinetune.model.finding import Severity
from kinetune.rules.hash_sharded_indexes import hash_sharded_indexes
from tests.rules.made import hashed, healthy, run_one, with_index, yugabytedb


def by_hash(column: str, predicate: str | None = None) -> ObservedIndex:
    return ObservedIndex(Index("kine_prev_revision_index", (Key(column, Order.HASH),), predicate=predicate))


def test_indexes_by_range_are_fine_on_both_servers() -> None:
    assert not run_one(hash_sharded_indexes, healthy())
    assert not run_one(hash_sharded_indexes, yugabytedb())


@pytest.mark.parametrize(
    ("column", "follows"),
    [
        ("name", "a list or count of a prefix (all pods) cannot use it"),
        ("id", "revisions are not in order"),
        ("prev_revision", "every new object has prev_revision 0, so all creates write to one tablet"),
        ("lease", "it cannot be used for ranges"),
    ],
)
def test_an_index_by_hash_says_what_its_column_cannot_do(column: str, follows: str) -> None:
    (finding,) = run_one(hash_sharded_indexes, with_index(yugabytedb(), by_hash(column)))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine_prev_revision_index")
    assert finding.says.startswith(f"is sharded by hash of {column}: {follows}")
    assert finding.do == "kinetune init"


def test_where_the_ids_are_hashed_too_the_store_has_to_move() -> None:
    (finding,) = run_one(hash_sharded_indexes, hashed(with_index(yugabytedb(), by_hash("name"))))
    assert "kinetune init --allow REBUILD" in finding.do


def test_placeholders_leftovers_and_invalid_ones_are_left_out() -> None:
    keys = (Key("name", Order.HASH),)
    assert not run_one(
        hash_sharded_indexes,
        with_index(
            yugabytedb(),
            by_hash("name", predicate="false"),
            ObservedIndex(Index("kinetune_old_kine_name_index", keys)),
            ObservedIndex(Index("broken", keys), valid=False),
        ),
    )
