from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Facts, Index, Key, ObservedIndex
from kinetune.model.finding import Severity
from kinetune.rules.misnamed_primary_key import misnamed_primary_key
from tests.rules.made import healthy, run_one, with_table, yugabytedb


def called(facts: Facts, name: str) -> Facts:
    assert facts.table is not None
    assert facts.table.primary_key is not None
    index = replace(facts.table.primary_key.index, name=name)
    return with_table(facts, primary_key=ObservedIndex(index, constraint=name))


def test_kine_pkey_is_fine_on_both_servers() -> None:
    assert not run_one(misnamed_primary_key, healthy())
    assert not run_one(misnamed_primary_key, yugabytedb())


def test_another_name_costs_creates_and_is_renamed() -> None:
    (finding,) = run_one(misnamed_primary_key, called(healthy(), "Kine key"))
    assert (finding.severity, finding.on) == (Severity.ERROR, "Kine key")
    assert "loses a race for its id fails with 'already exists'" in finding.says
    assert finding.do == 'ALTER TABLE public.kine RENAME CONSTRAINT "Kine key" TO kine_pkey'


def test_yugabytedb_never_names_the_constraint_so_it_is_info_only() -> None:
    (finding,) = run_one(misnamed_primary_key, called(yugabytedb(), "kine_new_pkey"))
    assert (finding.severity, finding.on) == (Severity.INFO, "kine_new_pkey")
    assert "YugabyteDB does not send the name" in finding.says


def test_a_key_on_something_else_is_left_to_the_rule_on_the_table() -> None:
    other = ObservedIndex(Index("pk", (Key("name"), Key("id")), unique=True), constraint="pk")
    assert not run_one(misnamed_primary_key, with_table(healthy(), primary_key=other))
    assert not run_one(misnamed_primary_key, with_table(healthy(), primary_key=None))
