"""On YugabyteDB init analyses a store whose statistics are missing or of less than half of its rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import recognise_profile
from tests.rules.made import cluster
from tests.tuning.made import NEWEST, PG15, YB, facts_of, wanted


def does(server: object, **changes: object) -> list[str]:
    made = wanted("tuned", YB if server is YB else PG15)
    seen = facts_of(made, YB if server is YB else PG15, **changes)
    return [step.does for step in plan_changes(replace(seen, cluster=cluster()), made).steps]


@pytest.mark.parametrize(
    ("rows", "counted", "analysed"),
    [
        (None, 0, False),
        (None, 2, False),
        (None, 1_999, False),  # statistics of so few rows make lists dear later
        (None, 2_000, True),
        (500, 2_000, True),
        (1_000, 2_000, False),
        (1_999, 4_000, True),
        (2_000, 4_000, False),  # as planted: they serve to 500,000 rows
        (50_000, 4_000, False),
    ],
)
def test_statistics_that_are_missing_or_of_less_than_half_are_taken(
    rows: int | None, counted: int, analysed: bool
) -> None:
    assert does(YB, rows=rows, counted=counted) == (["analyse the table kine"] if analysed else [])


def test_statistics_that_are_due_do_not_change_the_profile_of_a_store() -> None:
    store = facts_of(wanted("tuned", YB), YB, rows=None, counted=4_000)
    assert recognise_profile(store, NEWEST) == "tuned"


def test_postgresql_sees_to_it_by_itself() -> None:
    assert does(PG15, rows=None, max_id=5_000, last_id=5_000) == []
