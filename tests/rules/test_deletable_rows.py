from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Facts, Growth
from kinetune.model.finding import Severity
from kinetune.rules.deletable_rows import deletable_rows
from tests.rules.made import healthy, run_one, skip_one, with_table


def store(deletable: int, rows: int | None) -> Facts:
    growth = healthy().growth
    assert isinstance(growth, Growth)
    return with_table(healthy(growth=replace(growth, deletable_rows=deletable)), rows=rows)


def test_a_table_full_of_the_past_is_a_warning() -> None:
    (found,) = run_one(deletable_rows, store(900_000, 990_000))
    assert (found.severity, found.on) == (Severity.WARNING, "kine")
    assert "about 900,000 of 990,000 rows (91 %)" in found.says
    assert "--etcd-compaction-interval=5m" in found.do


def test_less_than_half_or_little_is_fine() -> None:
    assert run_one(deletable_rows, healthy()) == ()
    assert run_one(deletable_rows, store(60_000, 200_000)) == ()
    assert run_one(deletable_rows, store(40_000, 50_000)) == ()


def test_without_a_number_of_rows_it_is_skipped() -> None:
    assert "ANALYZE kine" in skip_one(deletable_rows, store(60_000, None)).reason
