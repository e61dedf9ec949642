from __future__ import annotations

import pytest

from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.insufficient_fault_tolerance import insufficient_fault_tolerance
from tests.rules.made import cluster, healthy, node, run_one, skip_one, yugabytedb


def test_three_zones_with_three_copies_survive() -> None:
    assert not run_one(insufficient_fault_tolerance, yugabytedb())
    assert not run_one(insufficient_fault_tolerance, healthy())


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_nodes_do_not(count: int) -> None:
    seen = cluster(*(node(number) for number in range(1, count + 1)))
    (finding,) = run_one(insufficient_fault_tolerance, yugabytedb(cluster=seen))
    assert (finding.severity, finding.on) == (Severity.WARNING, "nodes")
    assert finding.says.startswith(f"{count} node{'s' * (count > 1)} instead of 3")


def test_a_single_copy_on_three_nodes_does_not() -> None:
    (finding,) = run_one(insufficient_fault_tolerance, yugabytedb(cluster=cluster(replication=1)))
    assert (finding.on, finding.severity) == ("replication", Severity.WARNING)


def test_one_zone_is_a_remark_and_two_are_a_warning() -> None:
    one = cluster(*(node(number, zone="a") for number in (1, 2, 3)))
    two = cluster(node(1, zone="a"), node(2, zone="a"), node(3, zone="b"))
    (remark,) = run_one(insufficient_fault_tolerance, yugabytedb(cluster=one))
    (warning,) = run_one(insufficient_fault_tolerance, yugabytedb(cluster=two))
    assert (remark.severity, warning.severity) == (Severity.INFO, Severity.WARNING)
    assert remark.says.startswith("all nodes are in cloud1.region1.a")
    assert warning.says.startswith("3 nodes are in 2 zones")


def test_without_a_look_at_tablets_the_copies_are_skipped() -> None:
    seen = cluster(replication=Unknown("no tserver returned its tablets over HTTP"))
    assert "no tserver returned" in skip_one(insufficient_fault_tolerance, yugabytedb(cluster=seen)).reason
