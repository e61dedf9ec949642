from __future__ import annotations

import pytest

from kinetune.model.facts import Statistics
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.stale_statistics import stale_statistics
from tests.rules.made import NOW, healthy, run_one, skip_one, with_table, yugabytedb


def statistics(live: int, changed: int = 0, *, analysed: bool = True) -> Statistics:
    return Statistics(NOW if analysed else None, None, live, 0, changed, autovacuum=True)


def test_a_table_that_was_never_analysed_is_a_warning() -> None:
    (found,) = run_one(stale_statistics, healthy(statistics=statistics(50_000, analysed=False)))
    assert (found.severity, found.on, found.do) == (Severity.WARNING, "kine", "kinetune analyze")
    assert "50,000 rows but no recorded ANALYZE" in found.says


def test_a_store_that_grew_since_is_a_warning() -> None:
    (found,) = run_one(stale_statistics, healthy(statistics=statistics(20_000, 12_000)))
    assert "12,000 changes since the last ANALYZE, 60 % of the rows" in found.says


@pytest.mark.parametrize(
    ("believed", "counted", "newest", "says"),
    [
        (0, 4_000, 60_000, "at least 60,000 rows but no statistics: each create and update reads the table"),
        (0, 2_000, 2_000, "at least 2,000 rows but no statistics"),
        (500, 4_000, 60_000, "at least 60,000 rows and statistics of 500"),
        (2_000, 4_000, 500_001, "at least 500,001 rows and statistics of 2,000"),
        (0, 1_999, 1_999, ""),  # fewer rows are not worth it
        (2_000, 4_000, 500_000, ""),  # planted ones serve so far
        (2_000, 0, None, ""),
        (600_000, 4_000, 900_000, ""),
    ],
)
def test_on_yugabytedb_statistics_are_set_against_the_rows_there_are(
    believed: int, counted: int, newest: int | None, says: str
) -> None:
    table = {"rows": believed or None, "counted": counted, "max_id": newest, "compacted": 0}
    found = run_one(stale_statistics, with_table(yugabytedb(statistics=statistics(believed)), **table))
    assert [one.do for one in found] == (["kinetune analyze"] if says else [])
    assert not says or says in found[0].says


def test_on_yugabytedb_another_node_may_have_analysed() -> None:
    assert run_one(stale_statistics, yugabytedb(statistics=statistics(50_001, analysed=False))) == ()


def test_a_fresh_store_and_the_usual_churn_are_fine() -> None:
    assert run_one(stale_statistics, healthy()) == ()
    assert run_one(stale_statistics, healthy(statistics=statistics(500, analysed=False))) == ()
    assert run_one(stale_statistics, healthy(statistics=statistics(9_000, 9_000))) == ()
    assert run_one(stale_statistics, healthy(statistics=statistics(100_000, 40_000))) == ()


def test_hidden_statistics_are_skipped() -> None:
    assert skip_one(stale_statistics, healthy(statistics=Unknown("no right"))).reason == "no right"
