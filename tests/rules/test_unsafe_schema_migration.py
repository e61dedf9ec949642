from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Facts, Sequence, SequenceProbe
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.unsafe_schema_migration import unsafe_schema_migration
from tests.rules.made import hashed, healthy, run_one, with_table, written_by, yugabytedb

UNSET = "leave KINE_SCHEMA_MIGRATION unset"
NOT_REQUESTED = Unknown("not asked for")


def typed(facts: Facts, **types: str) -> Facts:
    assert facts.table is not None
    columns = (replace(one, type=types.get(one.name, one.type)) for one in facts.table.columns)
    return with_table(facts, columns=tuple(columns))


def called(facts: Facts, name: str) -> Facts:
    return with_table(facts, sequence=Sequence(name, "bigint", cache=1))


def test_todays_names_and_types_leave_nothing_to_migrate() -> None:
    assert not run_one(unsafe_schema_migration, healthy())
    assert not run_one(unsafe_schema_migration, yugabytedb())


def test_a_release_that_does_not_read_the_variable_is_not_warned() -> None:
    old = typed(healthy(), id="integer")
    assert not run_one(unsafe_schema_migration, replace(old, kine=written_by("v0.11.4")))
    assert run_one(unsafe_schema_migration, replace(old, kine=written_by("v0.11.11")))
    assert run_one(unsafe_schema_migration, replace(old, kine=Unknown("not asked")))


def test_a_sequence_of_another_name_stops_kine() -> None:
    for facts in (healthy(), yugabytedb()):
        (finding,) = run_one(unsafe_schema_migration, called(facts, "kine_seq"))
        assert (finding.severity, finding.on, finding.do) == (Severity.WARNING, "kine_seq", UNSET)
        assert "Kine does not start (42P01)" in finding.says


def test_old_types_are_rewritten_while_nothing_is_read() -> None:
    (finding,) = run_one(unsafe_schema_migration, typed(healthy(), id="integer", name="character varying(630)"))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine")
    assert finding.says == (
        "KINE_SCHEMA_MIGRATION would change id, name at Kine's start, 20,000 rows, which blocks all reads and writes"
    )
    assert finding.do == f"{UNSET}; stop Kine; kinetune init --allow COLUMN_TYPES; start Kine"


def test_range_sharded_ids_cannot_change_their_type() -> None:
    (finding,) = run_one(unsafe_schema_migration, typed(yugabytedb(), id="integer"))
    assert (
        finding.says == "KINE_SCHEMA_MIGRATION=1 cannot change id of a range-sharded table (42P17): Kine does not start"
    )
    assert "kinetune init --allow REBUILD" in finding.do


def test_ids_by_hash_and_names_alone_can() -> None:
    (ids,) = run_one(unsafe_schema_migration, hashed(typed(yugabytedb(), id="integer")))
    assert "would change id at Kine's start" in ids.says
    (name,) = run_one(unsafe_schema_migration, typed(yugabytedb(), name="character varying(630)"))
    assert "would change name at Kine's start" in name.says


def test_without_a_probe_the_resulting_cache_is_unknown() -> None:
    (finding,) = run_one(unsafe_schema_migration, yugabytedb(probe=NOT_REQUESTED, cluster=NOT_REQUESTED))
    assert (finding.severity, finding.on) == (Severity.INFO, "kine_id_seq")
    assert "would raise its cache to 100 unless the flag is 1 on every tserver" in finding.says
    assert finding.do == f"{UNSET}, or restart every tserver with --ysql_sequence_cache_minval=1"


def test_a_flag_of_one_on_every_node_leaves_the_cache_alone() -> None:
    assert not run_one(unsafe_schema_migration, yugabytedb(probe=NOT_REQUESTED))


def test_a_probe_that_drew_blocks_makes_it_a_warning() -> None:
    (finding,) = run_one(unsafe_schema_migration, yugabytedb(probe=SequenceProbe((), cache=100)))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine_id_seq")
    assert "would raise its cache from 1 to 100" in finding.says


def test_a_cache_that_is_large_already_is_left_to_its_own_rule() -> None:
    large = Sequence("kine_id_seq", "bigint", cache=100, owned_by=("kine", "id"))
    assert not run_one(unsafe_schema_migration, with_table(yugabytedb(probe=NOT_REQUESTED), sequence=large))
