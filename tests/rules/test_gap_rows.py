from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Facts, Growth
from kinetune.model.finding import Severity
from kinetune.rules.gap_rows import gap_rows
from tests.rules.made import healthy, run_one, with_table


def store(gaps: int, rows: int | None) -> Facts:
    growth = healthy().growth
    assert isinstance(growth, Growth)
    return with_table(healthy(growth=replace(growth, gap_rows=gaps)), rows=rows)


def test_many_are_a_warning() -> None:
    (found,) = run_one(gap_rows, store(10_000, 500_000))
    assert (found.severity, found.on) == (Severity.WARNING, "kine")
    assert "10,000 missing revisions were filled, 2 % of all rows" in found.says
    assert "kinetune check --select KT2" in found.do


def test_a_fifth_of_the_table_is_an_error() -> None:
    (found,) = run_one(gap_rows, store(10_000, 20_000))
    assert found.severity is Severity.ERROR
    assert "50 %" in found.says


def test_beyond_the_count_it_says_at_least() -> None:
    (found,) = run_one(gap_rows, store(100_000, None))
    assert found.severity is Severity.WARNING
    assert found.says.startswith("at least 100,000 missing revisions were filled: watches waited")


def test_some_are_fine() -> None:
    assert run_one(gap_rows, healthy()) == ()
    assert run_one(gap_rows, store(1_000, 2_000)) == ()
