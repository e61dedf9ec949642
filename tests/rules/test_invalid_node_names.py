from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.rules.invalid_node_names import invalid_node_names
from tests.rules.configured import beside, nodes, parse_files, unit
from tests.rules.made import run_one, skip_one


@pytest.mark.parametrize("option", ["--join=yb_node1", "--hostname yb_node1", "--advertise_address=yb_node1"])
def test_a_name_that_is_none_in_dns_is_an_error(option: str) -> None:
    (found,) = run_one(invalid_node_names, beside(parse_files(FileKind.SCRIPT, f"yugabyted start {option}")))
    assert (found.severity, found.on, str(found.place)) == (Severity.ERROR, "yb_node1", "yugabyted.sh:1")
    assert found.do == "use yb-node1"


def test_each_name_is_reported_once() -> None:
    facts = beside(nodes("", "--join=yb_node1", "--join=yb_node1"))
    assert len(run_one(invalid_node_names, facts)) == 1


def test_a_containers_hostname_counts() -> None:
    text = "services: {db: {hostname: yb_node1, command: yugabyted start}}"
    assert run_one(invalid_node_names, beside(parse_files(FileKind.COMPOSE, text)))


@pytest.mark.parametrize("option", ["--join=yb-node1.example", "--join=10.0.0.3", "--join=$FIRST", ""])
def test_names_addresses_and_variables_are_fine(option: str) -> None:
    text = f"services: {{db: {{command: yugabyted start {option}}}}}"
    assert run_one(invalid_node_names, beside(parse_files(FileKind.COMPOSE, text))) == ()


def test_files_without_nodes_are_skipped() -> None:
    assert not skip_one(invalid_node_names, beside(unit())).asked


def test_a_name_that_is_invalid_with_any_variable_is_an_error() -> None:
    text = "services: {db: {hostname: 'yb_node${n}', container_name: 'yb_node${n}', command: yugabyted start}}"
    (found,) = run_one(invalid_node_names, beside(parse_files(FileKind.COMPOSE, text)))
    assert (found.on, found.do) == ("yb_node…", "use yb-node…")
