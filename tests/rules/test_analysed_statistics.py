from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Growth, Statistics, Unknown
from kinetune.model.finding import Severity
from kinetune.rules.analysed_statistics import analysed_statistics
from tests.rules.made import NOW, healthy, heard, skipped, yugabytedb

GROWTH = yugabytedb().growth
assert isinstance(GROWTH, Growth)


def statistics(live: int, changed: int = 0, *, analysed: bool = True) -> Statistics:
    return Statistics(NOW if analysed else None, None, live, 0, changed, autovacuum=True)


def test_a_table_that_was_never_analysed_is_a_warning() -> None:
    (found,) = heard(analysed_statistics, healthy(statistics=statistics(50_000, analysed=False)))
    assert (found.severity, found.on, found.do) == (Severity.WARNING, "kine", "kinetune analyze")
    assert "50,000 rows and no ANALYZE on record" in found.says


def test_a_store_that_grew_since_is_a_warning() -> None:
    (found,) = heard(analysed_statistics, healthy(statistics=statistics(20_000, 12_000)))
    assert "12,000 changes since the last ANALYZE, 60 % of the rows" in found.says


def test_yugabytedb_is_judged_by_its_revisions() -> None:
    (found,) = heard(analysed_statistics, yugabytedb(statistics=statistics(0, analysed=False)))
    assert "60,000 revisions and no ANALYZE on record" in found.says


def test_a_tenfold_growth_on_yugabytedb_is_a_warning() -> None:
    assert isinstance(GROWTH, Growth)
    growth = replace(GROWTH, current_revision=60_000, compacted_revision=9_000)
    (found,) = heard(analysed_statistics, yugabytedb(statistics=statistics(5_000), growth=growth))
    assert "at least 51,000 rows now, 5,000 at the last ANALYZE" in found.says
    assert heard(analysed_statistics, yugabytedb(statistics=statistics(5_200), growth=growth)) == ()
    assert heard(analysed_statistics, yugabytedb(statistics=statistics(5_000), growth=Unknown("no"))) == ()


def test_on_yugabytedb_another_node_may_have_analysed() -> None:
    assert heard(analysed_statistics, yugabytedb(statistics=statistics(50_001, analysed=False))) == ()


def test_a_fresh_store_and_the_usual_churn_are_fine() -> None:
    assert heard(analysed_statistics, healthy()) == ()
    assert heard(analysed_statistics, healthy(statistics=statistics(500, analysed=False))) == ()
    assert heard(analysed_statistics, healthy(statistics=statistics(9_000, 9_000))) == ()
    assert heard(analysed_statistics, healthy(statistics=statistics(100_000, 40_000))) == ()


def test_hidden_statistics_are_not_judged() -> None:
    assert skipped(analysed_statistics, healthy(statistics=Unknown("no right"))).reason == "no right"
