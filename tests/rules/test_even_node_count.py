from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.rules.even_node_count import even_node_count
from tests.rules.configured import beside, nodes, parse_files, unit
from tests.rules.made import run_one, skip_one


@pytest.mark.parametrize("number", [2, 4])
def test_an_even_number_is_a_warning(number: int) -> None:
    (found,) = run_one(even_node_count, beside(nodes(*[""] * number)))
    assert (found.severity, found.on) == (Severity.WARNING, "the nodes of yugabyted.sh")
    assert str(found.place) == f"yugabyted.sh:{number}"


def test_an_even_number_of_copies_is_a_warning() -> None:
    (found,) = run_one(even_node_count, beside(parse_files(FileKind.HELM, "replicas: {master: 2, tserver: 3}")))
    assert "2 copies tolerate the loss of at most 0" in found.says


def test_three_or_five_are_fine() -> None:
    assert run_one(even_node_count, beside(nodes("", "", ""))) == ()
    assert run_one(even_node_count, beside(parse_files(FileKind.HELM, "replicas: {master: 3, tserver: 5}"))) == ()


def test_a_file_for_each_machine_is_one_cluster() -> None:
    one = "yugabyted start --advertise_address=a"
    two = "yugabyted start --advertise_address=b --join=a"
    assert run_one(even_node_count, beside(parse_files(FileKind.SCRIPT, one, two)))


@pytest.mark.parametrize("options", ["", "--join=elsewhere"])
def test_one_node_of_several_is_skipped(options: str) -> None:
    assert not skip_one(even_node_count, beside(nodes(options))).asked
    assert not skip_one(even_node_count, beside(unit())).asked


def zoned(zone: str, tservers: int = 2) -> str:
    flags = f"placement_cloud: c, placement_region: r, placement_zone: {zone}, ysql_sequence_cache_minval: 1"
    replicas = f"replicas: {{master: 1, totalMasters: 3, tserver: {tservers}}}"
    return f"isMultiAz: true\n{replicas}\ngflags: {{tserver: {{{flags}}}}}"


def test_values_of_several_zones_are_one_cluster_and_the_zones_are_odd() -> None:
    assert run_one(even_node_count, beside(parse_files(FileKind.HELM, *map(zoned, "abc")))) == ()
    (found,) = run_one(even_node_count, beside(parse_files(FileKind.HELM, zoned("a", 1), zoned("a", 1), zoned("b"))))
    assert found.on == "the nodes of several files"


def test_values_of_one_zone_of_several_are_skipped() -> None:
    assert not skip_one(even_node_count, beside(parse_files(FileKind.HELM, zoned("a")))).asked
