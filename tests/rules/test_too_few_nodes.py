from __future__ import annotations

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.rules.too_few_nodes import too_few_nodes
from tests.rules.configured import beside, both, nodes, parse_files, unit
from tests.rules.made import run_one, skip_one

RF5 = "yugabyted configure data_placement --rf=5"


def test_more_copies_than_nodes_are_an_error() -> None:
    (found,) = run_one(too_few_nodes, beside(both(nodes("", "", ""), parse_files(FileKind.SCRIPT, RF5))))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "yugabyted.sh:1")
    assert "the replication factor is 5 with 3 nodes" in found.says
    (found,) = run_one(too_few_nodes, beside(parse_files(FileKind.HELM, "replicas:\n  master: 3\n  tserver: 1")))
    assert found.on == "the nodes of values.yaml"


def test_as_many_nodes_as_copies_are_fine() -> None:
    assert run_one(too_few_nodes, beside(nodes("", "", ""))) == ()
    assert run_one(too_few_nodes, beside(parse_files(FileKind.HELM, "replicas: {master: 3, tserver: 5}"))) == ()
    assert run_one(too_few_nodes, beside(both(nodes(*[""] * 5), parse_files(FileKind.SCRIPT, RF5)))) == ()


def test_an_unknown_number_is_skipped() -> None:
    loop = "while read n; do yugabyted start --advertise_address=$n; done\n" + RF5
    assert skip_one(too_few_nodes, beside(parse_files(FileKind.SCRIPT, loop))).asked
    assert not skip_one(too_few_nodes, beside(unit())).asked
