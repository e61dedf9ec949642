from __future__ import annotations

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.rules.unsafe_zone_placement import unsafe_zone_placement
from tests.rules.configured import beside, both, nodes, parse_files, unit
from tests.rules.made import run_one, skip_one


def zones(*names: str, tolerance: str = "--fault_tolerance=zone") -> list[str]:
    return [f"--cloud_location=c.r.{name} {tolerance}" for name in names]


def test_two_zones_for_three_copies_are_an_error() -> None:
    (found,) = run_one(unsafe_zone_placement, beside(nodes(*zones("a", "b", "b"))))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "yugabyted.sh:1")
    assert "3 copies are in 2 zone(s)" in found.says


def test_one_region_does_not_survive_its_loss() -> None:
    (found,) = run_one(
        unsafe_zone_placement, beside(nodes(*zones("a", "b", "c", tolerance="--fault_tolerance=region")))
    )
    assert "3 copies are in 1 region(s)" in found.says


def test_zones_without_a_fault_tolerance_are_names_only() -> None:
    (found,) = run_one(unsafe_zone_placement, beside(nodes(*zones("a", "b", "c", tolerance=""))))
    assert found.severity is Severity.WARNING


def test_a_single_node_without_a_zone_is_reported() -> None:
    (found,) = run_one(unsafe_zone_placement, beside(nodes(*zones("a", "b"), "")))
    assert (found.on, str(found.place)) == ("c", "yugabyted.sh:3")


def test_data_placed_in_a_zone_without_nodes_is_reported() -> None:
    place = "yugabyted configure data_placement --fault_tolerance=zone --constraint_value=c.r.a,c.r.b,c.r.d"
    (found,) = run_one(
        unsafe_zone_placement, beside(both(nodes(*zones("a", "b", "c")), parse_files(FileKind.SCRIPT, place)))
    )
    assert "c.r.d, which has no node" in found.says


def test_a_zone_for_each_copy_and_one_zone_alone_are_fine() -> None:
    assert run_one(unsafe_zone_placement, beside(nodes(*zones("a", "b", "c")))) == ()
    assert run_one(unsafe_zone_placement, beside(nodes(*zones("a", "a", "a", tolerance="")))) == ()


def test_without_zones_or_with_a_variable_for_them_it_is_skipped() -> None:
    assert not skip_one(unsafe_zone_placement, beside(nodes("", "", ""))).asked
    assert skip_one(unsafe_zone_placement, beside(nodes(*["--cloud_location=$ZONE"] * 3))).asked
    assert not skip_one(unsafe_zone_placement, beside(unit())).asked
