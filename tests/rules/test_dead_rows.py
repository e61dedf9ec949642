from __future__ import annotations

from kinetune.model.facts import Statistics
from kinetune.model.finding import Severity
from kinetune.rules.dead_rows import dead_rows
from tests.rules.made import NOW, POSTGRESQL, healthy, run_one, yugabytedb


def statistics(live: int, dead: int, *, autovacuum: bool = True) -> Statistics:
    return Statistics(NOW, NOW, live, dead, 0, autovacuum)


def test_a_table_without_autovacuum_is_an_error() -> None:
    (found,) = run_one(dead_rows, healthy(statistics=statistics(100, 5, autovacuum=False)))
    assert (found.severity, found.on) == (Severity.ERROR, "kine")
    assert "autovacuum is off: 5 dead rows remain" in found.says
    assert found.do == "ALTER TABLE public.kine RESET (autovacuum_enabled)"


def test_a_server_without_autovacuum_is_fixed_for_the_whole_server() -> None:
    facts = healthy(statistics=statistics(100, 5, autovacuum=False), settings=POSTGRESQL | {"autovacuum": "off"})
    (found,) = run_one(dead_rows, facts)
    assert found.do.startswith("ALTER SYSTEM SET autovacuum = on")


def test_dead_rows_that_stay_are_a_warning() -> None:
    (found,) = run_one(dead_rows, healthy(statistics=statistics(60_000, 20_000)))
    assert found.severity is Severity.WARNING
    assert "20,000 of 80,000 rows are dead (25 %)" in found.says
    assert "VACUUM (ANALYZE) kine" in found.do


def test_the_usual_share_and_small_tables_are_fine() -> None:
    assert run_one(dead_rows, healthy()) == ()
    assert run_one(dead_rows, healthy(statistics=statistics(100_000, 20_000))) == ()
    assert run_one(dead_rows, healthy(statistics=statistics(100, 9_000))) == ()


def test_yugabytedb_has_no_vacuum() -> None:
    assert run_one(dead_rows, yugabytedb(statistics=statistics(0, 90_000, autovacuum=False))) == ()
