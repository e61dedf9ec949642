from __future__ import annotations

from dataclasses import replace

from kinetune.kine.schema import SEQUENCE
from kinetune.model.finding import Severity
from kinetune.rules.sequence_cache import sequence_cache
from tests.rules.made import healthy, heard, skipped, with_table, yugabytedb

CACHED = replace(SEQUENCE, cache=100)


def test_one_id_at_a_time_is_fine_on_both_servers() -> None:
    assert not heard(sequence_cache, healthy())
    assert not heard(sequence_cache, yugabytedb())


def test_a_cache_of_a_hundred_is_an_error() -> None:
    (finding,) = heard(sequence_cache, with_table(healthy(), sequence=CACHED))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kine_id_seq")
    assert finding.says.startswith("ids are cached 100 at a time")
    assert "kinetune init" in finding.do


def test_on_yugabytedb_the_flag_comes_first() -> None:
    (finding,) = heard(sequence_cache, with_table(yugabytedb(), sequence=CACHED))
    assert "--ysql_sequence_cache_minval=1" in finding.do


def test_without_a_sequence_it_does_not_judge() -> None:
    assert skipped(sequence_cache, with_table(healthy(), sequence=None)).reason == "kine.id draws from no sequence"
