from __future__ import annotations

import pytest

from kinetune.model.finding import Severity
from kinetune.rules.sequence_behind import sequence_behind
from tests.rules.made import healthy, run_one, with_table, yugabytedb


@pytest.mark.parametrize(
    ("newest", "last"), [(60_000, 60_000), (60_000, 60_100), (None, 0), (60_000, None), (None, None)]
)
def test_at_or_beyond_the_newest_id_is_fine(newest: int | None, last: int | None) -> None:
    assert not run_one(sequence_behind, with_table(healthy(), max_id=newest, last_id=last))
    assert not run_one(sequence_behind, with_table(yugabytedb(), max_id=newest, last_id=last))


def test_a_sequence_set_back_says_how_far() -> None:
    (finding,) = run_one(sequence_behind, with_table(healthy(), max_id=60_000, last_id=58_766))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kine_id_seq")
    assert finding.says.startswith(
        "last returned id 58,766, but kine has ids up to 60,000: writes fail on the next 1,234 ids"
    )
    assert finding.do == ("stop Kine; SELECT setval('public.kine_id_seq', (SELECT MAX(id) FROM kine)); start Kine")


def test_a_schema_with_a_strange_name_is_quoted() -> None:
    (finding,) = run_one(sequence_behind, with_table(yugabytedb(), schema="K's", max_id=2, last_id=1))
    assert """setval('"K''s".kine_id_seq', (SELECT""" in finding.do


def test_a_table_without_a_sequence_is_left_to_the_rule_on_the_table() -> None:
    assert not run_one(sequence_behind, with_table(healthy(), sequence=None, max_id=2, last_id=1))
