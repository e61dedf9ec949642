from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kinetune.model.facts import Facts, Statistics
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.integer_ids import LAST, integer_ids
from tests.rules.made import NOW, healthy, run_one, with_table, yugabytedb

IDS = ("id", "create_revision", "prev_revision")


def narrow(facts: Facts, *names: str, used: int | None = 60_000) -> Facts:
    assert facts.table is not None
    columns = (replace(one, type="integer") if one.name in names else one for one in facts.table.columns)
    return with_table(facts, columns=tuple(columns), max_id=used, last_id=used)


def changes(count: int, ago: timedelta) -> Statistics:
    return Statistics(NOW - ago, None, 20_000, 0, count, autovacuum=True)


def test_bigint_is_fine_on_both_servers() -> None:
    assert not run_one(integer_ids, healthy())
    assert not run_one(integer_ids, yugabytedb())


def test_integer_ids_say_what_is_used_up() -> None:
    (finding,) = run_one(integer_ids, narrow(healthy(statistics=Unknown("none")), *IDS, used=1_000_000_000))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine.id")
    assert finding.says == (
        "id, create_revision, prev_revision are INTEGER, and 1,000,000,000 of 2,147,483,647 ids are used (46.6 %): "
        "after the last id every write fails"
    )
    assert finding.do == "stop Kine; kinetune init --allow COLUMN_TYPES; start Kine"


def test_above_four_fifths_it_is_an_error() -> None:
    (finding,) = run_one(integer_ids, narrow(healthy(), *IDS, used=int(LAST * 0.81)))
    assert finding.severity is Severity.ERROR


def test_the_earliest_day_comes_from_what_changed_since_the_last_analyze() -> None:
    seen = changes(1_000_000, timedelta(days=1))
    (finding,) = run_one(integer_ids, narrow(healthy(statistics=seen), *IDS, used=LAST - 30_000_000))
    assert ", not before 2026-12-23 at the current rate" in finding.says


@pytest.mark.parametrize(
    "statistics",
    [
        changes(0, timedelta(days=1)),
        changes(1_000, timedelta(minutes=1)),
        changes(1, timedelta(days=365)),
        Statistics(None, None, 0, 0, 5, autovacuum=True),
    ],
)
def test_an_unknown_rate_gives_no_date(statistics: Statistics) -> None:
    (finding,) = run_one(integer_ids, narrow(healthy(statistics=statistics), *IDS))
    assert "not before" not in finding.says


def test_on_yugabytedb_the_store_has_to_move() -> None:
    (finding,) = run_one(integer_ids, narrow(yugabytedb(), "id", used=None))
    assert "id is INTEGER, and 0 of" in finding.says
    assert "kinetune init --allow REBUILD" in finding.do


def test_a_sequence_that_ends_as_early_is_one_as_well() -> None:
    table = healthy().table
    assert table is not None
    assert table.sequence is not None
    (finding,) = run_one(integer_ids, with_table(healthy(), sequence=replace(table.sequence, type="integer")))
    assert finding.says.startswith("kine_id_seq is INTEGER")
    assert finding.do == "kinetune init"
