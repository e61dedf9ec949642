from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Facts
from kinetune.model.finding import Severity
from kinetune.rules.store_size import store_size
from tests.rules.made import healthy, heard, skipped, with_table

GIB = 1024**3


def store(table: int, index: int) -> Facts:
    facts = healthy()
    assert facts.table is not None
    indexes = tuple(replace(seen, bytes=index) for seen in facts.table.indexes)
    return with_table(facts, bytes=table, indexes=indexes)


def test_a_store_beyond_etcds_quota_is_a_remark() -> None:
    (found,) = heard(store_size, store(2 * GIB, 10_000_000))
    assert (found.severity, found.on) == (Severity.INFO, "kine")
    assert "2.1 GB of rows and 60 MB of indexes" in found.says
    assert found.do.startswith("kinetune check --select KT5")


def test_indexes_larger_than_the_table_are_a_remark() -> None:
    (found,) = heard(store_size, store(200_000_000, 40_000_000))
    assert (found.severity, found.on) == (Severity.INFO, "indexes of kine")
    assert "240 MB of indexes on 200 MB of rows" in found.says
    assert "kinetune init" in found.do


def test_a_usual_store_is_fine() -> None:
    assert heard(store_size, healthy()) == ()
    assert heard(store_size, store(1_000_000, 10_000_000)) == ()


def test_a_table_without_size_is_not_judged() -> None:
    assert "colocated" in skipped(store_size, with_table(healthy(), bytes=None)).reason
