from __future__ import annotations

from dataclasses import replace

from kinetune.kine.schema import SEQUENCE
from kinetune.model.finding import Severity
from kinetune.rules.wrong_sequence_increment import wrong_sequence_increment
from tests.rules.made import healthy, run_one, with_table, yugabytedb


def test_by_one_is_fine_on_both_servers() -> None:
    assert not run_one(wrong_sequence_increment, healthy())
    assert not run_one(wrong_sequence_increment, yugabytedb())


def test_ids_left_out_are_filled_one_by_one() -> None:
    (finding,) = run_one(wrong_sequence_increment, with_table(healthy(), sequence=replace(SEQUENCE, increment=3)))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kine_id_seq")
    assert finding.says == "increments by 3: Kine fills 2 missing revisions after each write, and watches wait"
    assert finding.do == "kinetune init; restart Kine"


def test_one_missing_revision_is_one() -> None:
    (finding,) = run_one(wrong_sequence_increment, with_table(healthy(), sequence=replace(SEQUENCE, increment=2)))
    assert "1 missing revision after" in finding.says


def test_backwards_nothing_is_new() -> None:
    (finding,) = run_one(wrong_sequence_increment, with_table(yugabytedb(), sequence=replace(SEQUENCE, increment=-1)))
    assert "revisions decrease" in finding.says
    assert finding.do.startswith("restart every tserver with --ysql_sequence_cache_minval=1; kinetune init --allow")
