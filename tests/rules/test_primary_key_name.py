from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Facts, SeenIndex
from kinetune.model.finding import Severity
from kinetune.model.schema import Index, Key
from kinetune.rules.primary_key_name import primary_key_name
from tests.rules.made import healthy, heard, with_table, yugabytedb


def called(facts: Facts, name: str) -> Facts:
    assert facts.table is not None
    assert facts.table.primary_key is not None
    index = replace(facts.table.primary_key.index, name=name)
    return with_table(facts, primary_key=SeenIndex(index, constraint=name))


def test_kine_pkey_is_fine_on_both_servers() -> None:
    assert not heard(primary_key_name, healthy())
    assert not heard(primary_key_name, yugabytedb())


def test_another_name_costs_creates_and_is_renamed() -> None:
    (finding,) = heard(primary_key_name, called(healthy(), "Kine key"))
    assert (finding.severity, finding.on) == (Severity.ERROR, "Kine key")
    assert "loses a race for its id fails with 'already exists'" in finding.says
    assert finding.do == 'ALTER TABLE public.kine RENAME CONSTRAINT "Kine key" TO kine_pkey'


def test_yugabytedb_never_names_the_constraint_so_it_is_only_told() -> None:
    (finding,) = heard(primary_key_name, called(yugabytedb(), "kine_new_pkey"))
    assert (finding.severity, finding.on) == (Severity.INFO, "kine_new_pkey")
    assert "YugabyteDB never names the constraint" in finding.says


def test_a_key_on_something_else_is_left_to_the_rule_on_the_table() -> None:
    other = SeenIndex(Index("pk", (Key("name"), Key("id")), unique=True), constraint="pk")
    assert not heard(primary_key_name, with_table(healthy(), primary_key=other))
    assert not heard(primary_key_name, with_table(healthy(), primary_key=None))
