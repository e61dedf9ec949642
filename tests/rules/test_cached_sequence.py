from __future__ import annotations

from dataclasses import replace

from kinetune.kine.schema import SEQUENCE
from kinetune.model.finding import Severity
from kinetune.rules.cached_sequence import cached_sequence
from tests.rules.made import healthy, run_one, skip_one, with_table, yugabytedb

CACHED = replace(SEQUENCE, cache=100)


def test_one_id_at_a_time_is_fine_on_both_servers() -> None:
    assert not run_one(cached_sequence, healthy())
    assert not run_one(cached_sequence, yugabytedb())


def test_a_cache_of_a_hundred_is_an_error() -> None:
    (finding,) = run_one(cached_sequence, with_table(healthy(), sequence=CACHED))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kine_id_seq")
    assert finding.says.startswith("each connection caches 100 ids")
    assert "kinetune init" in finding.do


def test_on_yugabytedb_the_flag_comes_first() -> None:
    (finding,) = run_one(cached_sequence, with_table(yugabytedb(), sequence=CACHED))
    assert "--ysql_sequence_cache_minval=1" in finding.do


def test_without_a_sequence_it_is_skipped() -> None:
    assert skip_one(cached_sequence, with_table(healthy(), sequence=None)).reason == "kine.id has no sequence"
