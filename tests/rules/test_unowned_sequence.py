from __future__ import annotations

from dataclasses import replace

from kinetune.kine.schema import SEQUENCE
from kinetune.model.finding import Severity
from kinetune.rules.unowned_sequence import unowned_sequence
from tests.rules.made import healthy, run_one, skip_one, with_table, yugabytedb


def test_kines_own_sequence_is_fine_on_both_servers() -> None:
    assert not run_one(unowned_sequence, healthy())
    assert not run_one(unowned_sequence, yugabytedb())


def test_another_name_is_renamed() -> None:
    (finding,) = run_one(unowned_sequence, with_table(healthy(), sequence=replace(SEQUENCE, name="kine_seq")))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine_seq")
    assert finding.says == "is not named kine_id_seq: with KINE_SCHEMA_MIGRATION Kine does not start"
    assert finding.do == "ALTER SEQUENCE kine_seq RENAME TO kine_id_seq"


def test_a_sequence_without_owner_is_missing_in_a_dump() -> None:
    (finding,) = run_one(unowned_sequence, with_table(healthy(), sequence=replace(SEQUENCE, owned_by=None)))
    assert "is owned by no column, not by kine.id: a dump of the table omits it" in finding.says
    assert finding.do == "ALTER SEQUENCE kine_id_seq OWNED BY kine.id"


def test_another_tables_sequence_is_named() -> None:
    (finding,) = run_one(unowned_sequence, with_table(healthy(), sequence=replace(SEQUENCE, owned_by=("other", "id"))))
    assert "is owned by other.id" in finding.says


def test_yugabytedb_renames_it_as_a_table_and_needs_the_flag_to_give_it_away() -> None:
    fork = replace(SEQUENCE, name="kine_seq", owned_by=None)
    (finding,) = run_one(unowned_sequence, with_table(yugabytedb(), sequence=fork))
    assert finding.do == (
        "ALTER TABLE kine_seq RENAME TO kine_id_seq; restart every tserver with --ysql_sequence_cache_minval=1; "
        "ALTER SEQUENCE kine_id_seq OWNED BY kine.id"
    )


def test_without_a_sequence_it_is_skipped() -> None:
    assert skip_one(unowned_sequence, with_table(healthy(), sequence=None)).reason == "kine.id has no sequence"
