from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.kine.schema import UNIQUE
from kinetune.model.facts import Column
from kinetune.model.finding import Severity
from kinetune.rules.unusable_kine_table import unusable_kine_table
from tests.rules.made import healthy, run_one, with_table, without_index, yugabytedb


def test_kines_own_table_is_fine_on_both_servers() -> None:
    assert not run_one(unusable_kine_table, healthy())
    assert not run_one(unusable_kine_table, yugabytedb())


def test_a_missing_database_is_an_error_that_init_fixes() -> None:
    (finding,) = run_one(unusable_kine_table, healthy(database_exists=False, table=None))
    assert (finding.severity, finding.on, finding.do) == (Severity.ERROR, "kubernetes", "kinetune init")
    assert "at its first start Kine creates it and gives it seven indexes" in finding.says


def test_a_table_that_kine_would_overlook_is_an_error() -> None:
    facts = healthy()
    (finding,) = run_one(unusable_kine_table, replace(facts, role=replace(facts.role, schema="t1")))
    assert finding.severity is Severity.ERROR
    assert "is in schema public, but role" in finding.says
    assert "uses schema t1, which has no table kine" in finding.says


def test_a_missing_table_says_what_kine_would_make_of_it_on_yugabytedb() -> None:
    (finding,) = run_one(unusable_kine_table, yugabytedb(table=None))
    assert (finding.severity, finding.on, finding.do) == (Severity.ERROR, "kine", "kinetune init")
    assert "kubernetes has no table kine" in finding.says
    assert "shards its ids by hash" in finding.says


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("v", "is a view"),
        ("m", "is a materialized view"),
        ("f", "is a foreign table"),
        ("S", "is a sequence"),
        ("c", "is not a table"),
    ],
)
def test_what_is_no_table_is_called_by_its_kind(kind: str, words: str) -> None:
    (finding,) = run_one(unusable_kine_table, with_table(healthy(), kind=kind))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kine")
    assert words in finding.says
    assert finding.do == "use another database in Kine's endpoint"


def test_defects_of_a_table_are_reported() -> None:
    table = healthy().table
    assert table is not None
    columns = tuple(column for column in table.columns if column.name != "lease")
    (finding,) = run_one(unusable_kine_table, with_table(healthy(), columns=columns))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kine")
    assert "has no column lease: Kine does not start" in finding.says
    (finding,) = run_one(unusable_kine_table, with_table(healthy(), sequence=None))
    assert "its column id has no sequence" in finding.says


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "p"}, "is a partitioned table"),
        ({"primary_key": None}, "has another primary key than (id)"),
        ({"identity": True}, "draws its ids as an identity column"),
    ],
)
def test_a_table_that_kine_works_on_is_left_alone(changes: dict[str, object], words: str) -> None:
    (finding,) = run_one(unusable_kine_table, with_table(healthy(), **changes))
    assert finding.severity is Severity.INFO
    assert f"{words}: Kine can use this table, but kinetune does not tune it" in finding.says


def test_types_of_older_releases_are_kines_own() -> None:
    table = healthy().table
    assert table is not None
    older = {"id": "integer", "name": "character varying(630)", "prev_revision": "integer"}
    columns = tuple(replace(column, type=older.get(column.name, column.type)) for column in table.columns)
    assert not run_one(unusable_kine_table, with_table(healthy(), columns=columns))


def test_a_column_more_is_a_warning_by_its_name() -> None:
    table = healthy().table
    assert table is not None
    (finding,) = run_one(unusable_kine_table, with_table(healthy(), columns=(*table.columns, Column("owner", "text"))))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine.owner")
    assert "NOT NULL without a default would fail every write" in finding.says
    assert finding.do == "ALTER TABLE public.kine DROP COLUMN owner"


def test_partitions_without_the_unique_index_are_no_place_for_kine() -> None:
    (finding,) = run_one(unusable_kine_table, with_table(without_index(healthy(), UNIQUE.name), kind="p"))
    assert finding.severity is Severity.WARNING
    assert "fails if the table is partitioned by id" in finding.says


def test_numbers_of_any_precision_are_read() -> None:
    table = healthy().table
    assert table is not None
    columns = tuple(replace(one, type="numeric(20,0)") if one.name == "id" else one for one in table.columns)
    (finding,) = run_one(unusable_kine_table, with_table(healthy(), columns=columns))
    assert finding.severity is Severity.INFO


def test_a_schema_that_needs_quotes_keeps_them_in_the_endpoint() -> None:
    facts = with_table(healthy(), schema="My-Store")
    (finding,) = run_one(unusable_kine_table, replace(facts, role=replace(facts.role, schema="public")))
    assert "add search_path=%22My-Store%22 to Kine's endpoint" in finding.do
