from __future__ import annotations

from kinetune.model.facts import Unknown
from kinetune.rules.equal_nodes import equal_nodes
from kinetune.servers.recognise import named
from tests.rules.made import cluster, healthy, heard, node, skipped, yugabytedb


def test_equal_nodes_are_fine_and_postgresql_has_one() -> None:
    assert not heard(equal_nodes, yugabytedb())
    assert not heard(equal_nodes, healthy())


def test_half_an_upgrade_is_told_with_the_nodes() -> None:
    seen = cluster(node(1), node(2, server=named("yugabytedb-2025.2.1.0")), node(3))
    (finding,) = heard(equal_nodes, yugabytedb(cluster=seen))
    assert finding.on == "release"
    assert finding.says == (
        "differs between nodes: YugabyteDB 2024.2.11.0 on 10.0.0.1:5433, 10.0.0.3:5433; "
        "YugabyteDB 2025.2.1.0 on 10.0.0.2:5433"
    )


def test_settings_and_flags_that_differ_are_each_a_finding() -> None:
    other = node(2, settings={"yb_bnl_batch_size": "1"}, flags={"ysql_sequence_cache_minval": "100"})
    found = heard(equal_nodes, yugabytedb(cluster=cluster(node(1), other, node(3))))
    assert {finding.on for finding in found} == {"yb_bnl_batch_size", "ysql_sequence_cache_minval"}


def test_a_node_that_was_not_reached_is_not_judged() -> None:
    away = Unknown("node 10.0.0.2:5433 could not be asked: timeout expired")
    seen = cluster(node(1), node(2, server=away, settings=away, flags=away), node(3))
    assert skipped(equal_nodes, yugabytedb(cluster=seen)).reason == away.reason
