from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.finding import Severity
from kinetune.rules.node_names import node_names
from tests.rules.configured import beside, nodes, said, unit
from tests.rules.made import heard, skipped


@pytest.mark.parametrize("option", ["--join=yb_node1", "--hostname yb_node1", "--advertise_address=yb_node1"])
def test_a_name_that_is_none_in_dns_is_an_error(option: str) -> None:
    (found,) = heard(node_names, beside(said(Kind.SCRIPT, f"yugabyted start {option}")))
    assert (found.severity, found.on, str(found.place)) == (Severity.ERROR, "yb_node1", "yugabyted.sh:1")
    assert found.do == "call it yb-node1"


def test_each_name_is_told_once() -> None:
    facts = beside(nodes("", "--join=yb_node1", "--join=yb_node1"))
    assert len(heard(node_names, facts)) == 1


def test_a_containers_hostname_counts() -> None:
    text = "services: {db: {hostname: yb_node1, command: yugabyted start}}"
    assert heard(node_names, beside(said(Kind.COMPOSE, text)))


@pytest.mark.parametrize("option", ["--join=yb-node1.example", "--join=10.0.0.3", "--join=$FIRST", ""])
def test_names_addresses_and_variables_are_fine(option: str) -> None:
    assert heard(node_names, beside(said(Kind.SCRIPT, f"yugabyted start {option}"))) == ()


def test_files_without_nodes_are_not_judged() -> None:
    assert not skipped(node_names, beside(unit())).asked


def test_a_name_that_no_variable_can_mend_is_an_error() -> None:
    text = "for n in $(seq 1 3); do docker run --hostname yb_node$n yb/yugabyte bin/yugabyted start; done"
    (found,) = heard(node_names, beside(said(Kind.SCRIPT, text)))
    assert (found.on, found.do) == ("yb_node…", "call it yb-node…")
