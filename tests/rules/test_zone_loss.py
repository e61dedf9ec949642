from __future__ import annotations

from kinetune.config.read_files import Kind
from kinetune.model.finding import Severity
from kinetune.rules.zone_loss import zone_loss
from tests.rules.configured import beside, both, nodes, said, unit
from tests.rules.made import heard, skipped


def zones(*names: str, tolerance: str = "--fault_tolerance=zone") -> list[str]:
    return [f"--cloud_location=c.r.{name} {tolerance}" for name in names]


def test_two_zones_for_three_copies_are_an_error() -> None:
    (found,) = heard(zone_loss, beside(nodes(*zones("a", "b", "b"))))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "yugabyted.sh:1")
    assert "3 copies lie in 2 zone(s)" in found.says


def test_one_region_does_not_survive_its_loss() -> None:
    (found,) = heard(zone_loss, beside(nodes(*zones("a", "b", "c", tolerance="--fault_tolerance=region"))))
    assert "3 copies lie in 1 region(s)" in found.says


def test_zones_without_a_fault_tolerance_are_names_only() -> None:
    (found,) = heard(zone_loss, beside(nodes(*zones("a", "b", "c", tolerance=""))))
    assert found.severity is Severity.WARNING


def test_a_node_without_a_zone_among_others_is_told() -> None:
    (found,) = heard(zone_loss, beside(nodes(*zones("a", "b"), "")))
    assert (found.on, str(found.place)) == ("c", "yugabyted.sh:3")


def test_data_placed_where_no_node_stands_is_told() -> None:
    place = "yugabyted configure data_placement --fault_tolerance=zone --constraint_value=c.r.a,c.r.b,c.r.d"
    (found,) = heard(zone_loss, beside(both(nodes(*zones("a", "b", "c")), said(Kind.SCRIPT, place))))
    assert "c.r.d, where no node stands" in found.says


def test_a_zone_for_each_copy_and_one_zone_alone_are_fine() -> None:
    assert heard(zone_loss, beside(nodes(*zones("a", "b", "c")))) == ()
    assert heard(zone_loss, beside(nodes(*zones("a", "a", "a", tolerance="")))) == ()


def test_without_zones_or_with_a_variable_for_them_it_is_not_judged() -> None:
    assert not skipped(zone_loss, beside(nodes("", "", ""))).asked
    assert skipped(zone_loss, beside(nodes(*["--cloud_location=$ZONE"] * 3))).asked
    assert not skipped(zone_loss, beside(unit())).asked
