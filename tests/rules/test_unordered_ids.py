from __future__ import annotations

from kinetune.model.facts import DrawnId, SequenceProbe
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.unordered_ids import unordered_ids
from tests.rules.made import healthy, run_one, skip_one, yugabytedb


def drawn(*ids: int, connections: int = 3) -> SequenceProbe:
    return SequenceProbe(tuple(DrawnId(number % connections + 1, id) for number, id in enumerate(ids)), cache=100)


def test_consecutive_ids_are_fine_on_both_servers() -> None:
    assert not run_one(unordered_ids, healthy())
    assert not run_one(unordered_ids, yugabytedb(probe=drawn(7, 8, 9, 10)))


def test_blocks_of_a_hundred_are_shown_in_the_order_of_drawing() -> None:
    probe = drawn(1, 101, 201, 301, 401, 501, 2, 102, connections=6)
    (finding,) = run_one(unordered_ids, yugabytedb(probe=probe))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kine.id")
    assert finding.says.startswith(
        "6 connections got 1, 101, 201, 301, 401, 501, 2, … in turn: ids are out of order, watches stall"
    )
    assert finding.do == (
        "restart every tserver with --ysql_sequence_cache_minval=1; kinetune init --allow SEQUENCE_CACHE; restart Kine"
    )


def test_nodes_are_counted_where_there_are_several() -> None:
    draws = tuple(DrawnId(number + 1, id, f"node{number}") for number, id in enumerate((1, 101, 201)))
    (finding,) = run_one(unordered_ids, yugabytedb(probe=SequenceProbe(draws, cache=100)))
    assert finding.says.startswith("3 connections on 3 nodes got 1, 101, 201 in turn")


def test_ascending_ids_with_gaps_are_no_better() -> None:
    (finding,) = run_one(unordered_ids, healthy(probe=drawn(1, 2, 4)))
    assert "got 1, 2, 4 in turn: ids have gaps" in finding.says
    assert finding.do.endswith("kinetune check --probe")


def test_the_same_id_twice_is_out_of_order() -> None:
    (finding,) = run_one(unordered_ids, healthy(probe=drawn(1, 1)))
    assert "out of order" in finding.says


def test_without_a_probe_it_is_skipped() -> None:
    assert skip_one(unordered_ids, healthy(probe=Unknown("needs --probe"))).reason == "needs --probe"
