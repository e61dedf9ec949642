from __future__ import annotations

from dataclasses import replace

from kinetune.kine.schema import SEQUENCE
from kinetune.model.finding import Severity
from kinetune.rules.sequence_owner import sequence_owner
from tests.rules.made import healthy, heard, skipped, with_table, yugabytedb


def test_kines_own_sequence_is_fine_on_both_servers() -> None:
    assert not heard(sequence_owner, healthy())
    assert not heard(sequence_owner, yugabytedb())


def test_another_name_is_renamed() -> None:
    (finding,) = heard(sequence_owner, with_table(healthy(), sequence=replace(SEQUENCE, name="kine_seq")))
    assert (finding.severity, finding.on) == (Severity.WARNING, "kine_seq")
    assert finding.says == "is not called kine_id_seq: KINE_SCHEMA_MIGRATION would stop Kine at its start"
    assert finding.do == "ALTER SEQUENCE kine_seq RENAME TO kine_id_seq"


def test_a_sequence_of_nobodys_is_left_out_of_a_dump() -> None:
    (finding,) = heard(sequence_owner, with_table(healthy(), sequence=replace(SEQUENCE, owned_by=None)))
    assert "belongs to nothing, not to kine.id: a dump of the table leaves it out" in finding.says
    assert finding.do == "ALTER SEQUENCE kine_id_seq OWNED BY kine.id"


def test_another_tables_sequence_is_named() -> None:
    (finding,) = heard(sequence_owner, with_table(healthy(), sequence=replace(SEQUENCE, owned_by=("other", "id"))))
    assert "belongs to other.id" in finding.says


def test_yugabytedb_renames_it_as_a_table_and_needs_the_flag_to_give_it_away() -> None:
    fork = replace(SEQUENCE, name="kine_seq", owned_by=None)
    (finding,) = heard(sequence_owner, with_table(yugabytedb(), sequence=fork))
    assert finding.do == (
        "ALTER TABLE kine_seq RENAME TO kine_id_seq; restart every tserver with --ysql_sequence_cache_minval=1; "
        "ALTER SEQUENCE kine_id_seq OWNED BY kine.id"
    )


def test_without_a_sequence_it_does_not_judge() -> None:
    assert skipped(sequence_owner, with_table(healthy(), sequence=None)).reason == "kine.id draws from no sequence"
