from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Facts, Growth, ResourceGrowth, Statistics
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.table_bloat import table_bloat
from tests.rules.made import NOW, healthy, run_one, skip_one, with_table, yugabytedb

ROWS = 100_000
RESOURCES = (
    ResourceGrowth("/registry/pods/", 70_000, 260_000_000),
    ResourceGrowth("/registry/leases/", 25_000, 25_000_000),
)
"""3,000 bytes a row."""


def store(size: int, facts: Facts | None = None, *, sampled: int = 20_000, told: int = 2) -> Facts:
    facts = facts or healthy()
    assert isinstance(facts.growth, Growth)
    growth = replace(facts.growth, sampled_rows=sampled, resources=RESOURCES[:told])
    statistics = Statistics(NOW, NOW, ROWS, 0, 0, autovacuum=True)
    return with_table(replace(facts, growth=growth, statistics=statistics), rows=ROWS, bytes=size)


def test_a_table_of_empty_space_is_a_remark() -> None:
    (found,) = run_one(table_bloat, store(900_000_000))
    assert (found.severity, found.on) == (Severity.INFO, "kine")
    assert "858 MiB for about 300 MiB" in found.says
    assert found.do == "stop Kine; VACUUM (FULL, ANALYZE) public.kine"


def test_much_of_it_is_a_warning() -> None:
    (found,) = run_one(table_bloat, store(5_000_000_000))
    assert found.severity is Severity.WARNING
    assert "4.7 GiB" in found.says


def test_a_full_and_a_small_table_are_fine() -> None:
    assert run_one(table_bloat, store(500_000_000)) == ()
    assert run_one(table_bloat, store(90_000_000, sampled=3)) == ()
    assert run_one(table_bloat, healthy()) == ()


def test_too_small_a_sample_is_skipped() -> None:
    assert "999 sampled" in skip_one(table_bloat, store(900_000_000, sampled=999)).reason
    assert "too few rows" in skip_one(table_bloat, store(900_000_000, told=1)).reason
    hidden = replace(store(900_000_000), statistics=Unknown("no right"))
    assert skip_one(table_bloat, hidden).reason == "no right"


def test_yugabytedb_compacts_its_own_files() -> None:
    assert run_one(table_bloat, store(5_000_000_000, yugabytedb())) == ()
