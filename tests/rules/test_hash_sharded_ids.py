from __future__ import annotations

from kinetune.model.facts import Index, Key, ObservedIndex, Order
from kinetune.model.finding import Severity
from kinetune.rules.hash_sharded_ids import hash_sharded_ids
from tests.rules.made import healthy, run_one, with_table, yugabytedb

HASHED = ObservedIndex(Index("kine_pkey", (Key("id", Order.HASH),), unique=True), constraint="kine_pkey")


def test_ids_by_range_are_fine_on_both_servers() -> None:
    assert not run_one(hash_sharded_ids, healthy())
    assert not run_one(hash_sharded_ids, yugabytedb())


def test_ids_by_hash_make_each_list_read_the_whole_table() -> None:
    (finding,) = run_one(hash_sharded_ids, with_table(yugabytedb(), primary_key=HASHED))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kine")
    assert "reads the whole table" in finding.says
    assert "kinetune init" in finding.do


def test_a_table_without_a_key_is_left_to_the_rule_on_the_table() -> None:
    assert not run_one(hash_sharded_ids, with_table(yugabytedb(), primary_key=None))
