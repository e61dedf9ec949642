from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Facts
from kinetune.model.finding import Severity
from kinetune.rules.oversized_store import oversized_store
from tests.rules.made import healthy, run_one, skip_one, with_table

GIB = 1024**3


def store(table: int, index: int) -> Facts:
    facts = healthy()
    assert facts.table is not None
    indexes = tuple(replace(seen, bytes=index) for seen in facts.table.indexes)
    return with_table(facts, bytes=table, indexes=indexes)


def test_a_store_beyond_etcds_quota_is_a_remark() -> None:
    (found,) = run_one(oversized_store, store(2 * GIB, 10_000_000))
    assert (found.severity, found.on) == (Severity.INFO, "kine")
    assert "2.0 GiB of rows and 57 MiB of indexes" in found.says
    assert found.do.startswith("kinetune check --select KT5")


def test_indexes_larger_than_the_table_are_a_remark() -> None:
    (found,) = run_one(oversized_store, store(200_000_000, 40_000_000))
    assert (found.severity, found.on) == (Severity.INFO, "indexes of kine")
    assert "229 MiB of indexes on 191 MiB of rows" in found.says
    assert "kinetune init" in found.do


def test_a_usual_store_is_fine() -> None:
    assert run_one(oversized_store, healthy()) == ()
    assert run_one(oversized_store, store(1_000_000, 10_000_000)) == ()


def test_a_table_without_size_is_skipped() -> None:
    assert "colocated" in skip_one(oversized_store, with_table(healthy(), bytes=None)).reason
