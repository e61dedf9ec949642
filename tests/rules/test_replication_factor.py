from __future__ import annotations

from kinetune.config.read_files import Kind
from kinetune.model.finding import Severity
from kinetune.rules.replication_factor import replication_factor
from tests.rules.configured import beside, both, nodes, said, unit
from tests.rules.made import heard, skipped

RF5 = "yugabyted configure data_placement --rf=5"


def test_more_copies_than_nodes_are_an_error() -> None:
    (found,) = heard(replication_factor, beside(both(nodes("", "", ""), said(Kind.SCRIPT, RF5))))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "yugabyted.sh:1")
    assert "5 copies are asked for and there are 3 nodes" in found.says
    (found,) = heard(replication_factor, beside(said(Kind.HELM, "replicas:\n  master: 3\n  tserver: 1")))
    assert found.on == "the nodes of values.yaml"


def test_as_many_nodes_as_copies_are_fine() -> None:
    assert heard(replication_factor, beside(nodes("", "", ""))) == ()
    assert heard(replication_factor, beside(said(Kind.HELM, "replicas: {master: 3, tserver: 5}"))) == ()
    assert heard(replication_factor, beside(both(nodes(*[""] * 5), said(Kind.SCRIPT, RF5)))) == ()


def test_a_number_that_nobody_knows_is_not_judged() -> None:
    loop = "while read n; do yugabyted start --advertise_address=$n; done\n" + RF5
    assert skipped(replication_factor, beside(said(Kind.SCRIPT, loop))).asked
    assert not skipped(replication_factor, beside(unit())).asked
