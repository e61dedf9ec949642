from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.finding import Severity
from kinetune.rules.odd_nodes import odd_nodes
from tests.rules.configured import beside, nodes, said, unit
from tests.rules.made import heard, skipped


@pytest.mark.parametrize("number", [2, 4])
def test_an_even_number_is_a_warning(number: int) -> None:
    (found,) = heard(odd_nodes, beside(nodes(*[""] * number)))
    assert (found.severity, found.on) == (Severity.WARNING, "the nodes of yugabyted.sh")
    assert str(found.place) == f"yugabyted.sh:{number}"


def test_an_even_number_of_copies_is_a_warning() -> None:
    (found,) = heard(odd_nodes, beside(said(Kind.HELM, "replicas: {master: 2, tserver: 3}")))
    assert "2 copies survive the loss of no more than 0" in found.says


def test_three_or_five_are_fine() -> None:
    assert heard(odd_nodes, beside(nodes("", "", ""))) == ()
    assert heard(odd_nodes, beside(said(Kind.HELM, "replicas: {master: 3, tserver: 5}"))) == ()


def test_a_file_for_each_machine_is_one_cluster() -> None:
    one = "yugabyted start --advertise_address=a"
    two = "yugabyted start --advertise_address=b --join=a"
    assert heard(odd_nodes, beside(said(Kind.SCRIPT, one, two)))


@pytest.mark.parametrize("options", ["", "--join=elsewhere"])
def test_one_node_of_several_is_not_judged(options: str) -> None:
    assert not skipped(odd_nodes, beside(nodes(options))).asked
    assert not skipped(odd_nodes, beside(unit())).asked


def zoned(zone: str, tservers: int = 2) -> str:
    flags = f"placement_cloud: c, placement_region: r, placement_zone: {zone}, ysql_sequence_cache_minval: 1"
    replicas = f"replicas: {{master: 1, totalMasters: 3, tserver: {tservers}}}"
    return f"isMultiAz: true\n{replicas}\ngflags: {{tserver: {{{flags}}}}}"


def test_values_of_several_zones_are_one_cluster_and_the_zones_are_odd() -> None:
    assert heard(odd_nodes, beside(said(Kind.HELM, *map(zoned, "abc")))) == ()
    (found,) = heard(odd_nodes, beside(said(Kind.HELM, zoned("a", 1), zoned("a", 1), zoned("b"))))
    assert found.on == "the nodes of several files"


def test_values_of_one_zone_of_several_are_not_judged() -> None:
    assert not skipped(odd_nodes, beside(said(Kind.HELM, zoned("a")))).asked
