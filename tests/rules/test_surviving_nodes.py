from __future__ import annotations

import pytest

from kinetune.model.facts import Unknown
from kinetune.model.finding import Severity
from kinetune.rules.surviving_nodes import surviving_nodes
from tests.rules.made import cluster, healthy, heard, node, skipped, yugabytedb


def test_three_zones_with_three_copies_survive() -> None:
    assert not heard(surviving_nodes, yugabytedb())
    assert not heard(surviving_nodes, healthy())


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_nodes_do_not(count: int) -> None:
    seen = cluster(*(node(number) for number in range(1, count + 1)))
    (finding,) = heard(surviving_nodes, yugabytedb(cluster=seen))
    assert (finding.severity, finding.on) == (Severity.WARNING, "nodes")
    assert finding.says.startswith(f"{count} of the 3 that survive")


def test_a_single_copy_on_three_nodes_does_not() -> None:
    (finding,) = heard(surviving_nodes, yugabytedb(cluster=cluster(replication=1)))
    assert (finding.on, finding.severity) == ("replication", Severity.WARNING)


def test_one_zone_is_a_remark_and_two_are_a_warning() -> None:
    one = cluster(*(node(number, zone="a") for number in (1, 2, 3)))
    two = cluster(node(1, zone="a"), node(2, zone="a"), node(3, zone="b"))
    (remark,) = heard(surviving_nodes, yugabytedb(cluster=one))
    (warning,) = heard(surviving_nodes, yugabytedb(cluster=two))
    assert (remark.severity, warning.severity) == (Severity.INFO, Severity.WARNING)
    assert remark.says.startswith("all nodes stand in cloud1.region1.a")
    assert warning.says.startswith("3 nodes stand in 2 zones")


def test_without_a_look_at_tablets_the_copies_are_not_judged() -> None:
    seen = cluster(replication=Unknown("no tserver told its tablets over HTTP"))
    assert "no tserver told" in skipped(surviving_nodes, yugabytedb(cluster=seen)).reason
