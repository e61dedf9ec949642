from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.facts import Column, Facts
from kinetune.model.finding import Severity
from kinetune.rules.unsuitable_key_column import unsuitable_key_column
from tests.rules.made import healthy, run_one, with_table, yugabytedb

ALTER = "stop Kine; kinetune init --allow COLUMN_TYPES; start Kine"


def named(facts: Facts, type: str, collation: str | None = None) -> Facts:
    assert facts.table is not None
    columns = (Column("name", type, collation) if one.name == "name" else one for one in facts.table.columns)
    return with_table(facts, columns=tuple(columns))


def test_kines_own_type_is_fine_on_both_servers() -> None:
    assert not run_one(unsuitable_key_column, healthy())
    assert not run_one(unsuitable_key_column, yugabytedb())


def test_the_databases_own_order_makes_lists_read_everything() -> None:
    (finding,) = run_one(unsuitable_key_column, named(healthy(), "text"))
    assert (finding.severity, finding.on, finding.do) == (Severity.WARNING, "kine.name", ALTER)
    assert finding.says.startswith("has the database's collation en_US.UTF-8 instead of C: lists may filter")


def test_an_order_of_its_own_is_named() -> None:
    (finding,) = run_one(unsuitable_key_column, named(healthy(), "text", "de-x-icu"))
    assert 'has collation "de-x-icu" instead of "C"' in finding.says


@pytest.mark.parametrize("default", ["C", "POSIX"])
def test_in_a_database_that_compares_bytes_there_is_nothing_to_say(default: str) -> None:
    facts = healthy(settings={"lc_collate": default})
    assert not run_one(unsuitable_key_column, named(facts, "text"))


def test_a_default_that_cannot_be_seen_is_taken_for_another() -> None:
    (finding,) = run_one(unsuitable_key_column, named(healthy(settings={}), "text"))
    assert "has the database's collation" in finding.says


def test_varchar_refuses_long_keys_and_on_yugabytedb_the_store_has_to_move() -> None:
    (finding,) = run_one(unsuitable_key_column, named(yugabytedb(), "character varying(630)"))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine.name")
    assert finding.says == "is character varying(630): longer keys are rejected"
    assert "kinetune init --allow REBUILD" in finding.do


def test_both_are_reported_together() -> None:
    (finding,) = run_one(unsuitable_key_column, named(healthy(), "character varying(630)"))
    assert "instead of C: lists" in finding.says
    assert "; is character varying(630): longer keys are rejected" in finding.says


def test_varchar_without_a_bound_is_only_another_type() -> None:
    (finding,) = run_one(unsuitable_key_column, named(healthy(), "character varying", "C"))
    assert finding.says == "is character varying, not text"


def test_another_type_or_none_is_left_to_the_rule_on_the_table() -> None:
    assert not run_one(unsuitable_key_column, named(healthy(), "bytea"))
    table = healthy().table
    assert table is not None
    columns = tuple(column for column in table.columns if column.name != "name")
    assert not run_one(unsuitable_key_column, replace(healthy(), table=replace(table, columns=columns)))
