from __future__ import annotations

from kinetune.model.unknown import Unknown
from kinetune.rules.inconsistent_nodes import inconsistent_nodes
from kinetune.servers.identification import parse_server_name
from tests.rules.made import cluster, healthy, node, run_one, skip_one, yugabytedb


def test_equal_nodes_are_fine_and_postgresql_has_one() -> None:
    assert not run_one(inconsistent_nodes, yugabytedb())
    assert not run_one(inconsistent_nodes, healthy())


def test_an_unfinished_upgrade_is_reported_with_the_nodes() -> None:
    seen = cluster(node(1), node(2, server=parse_server_name("yugabytedb-2025.2.1.0")), node(3))
    (finding,) = run_one(inconsistent_nodes, yugabytedb(cluster=seen))
    assert finding.on == "release"
    assert finding.says == (
        "differs between nodes: YugabyteDB 2024.2.11.0 on 10.0.0.1:5433, 10.0.0.3:5433; "
        "YugabyteDB 2025.2.1.0 on 10.0.0.2:5433"
    )


def test_settings_and_flags_that_differ_are_each_a_finding() -> None:
    other = node(2, settings={"yb_bnl_batch_size": "1"}, flags={"ysql_sequence_cache_minval": "100"})
    found = run_one(inconsistent_nodes, yugabytedb(cluster=cluster(node(1), other, node(3))))
    assert {finding.on for finding in found} == {"yb_bnl_batch_size", "ysql_sequence_cache_minval"}


def test_a_node_that_was_not_reached_is_skipped() -> None:
    away = Unknown("cannot read node 10.0.0.2:5433: timeout expired")
    seen = cluster(node(1), node(2, server=away, settings=away, flags=away), node(3))
    assert skip_one(inconsistent_nodes, yugabytedb(cluster=seen)).reason == away.reason
