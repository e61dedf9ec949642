"""Plans of --explain in the page of `kinetune hotspots`: each at the hotspot that it was made for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.hotspot import Hotspot, LogCounts, LogReading, SlowestCall, TimeSlot, Vantage
from kinetune.model.hotspots_result import HotspotsResult
from kinetune.model.report import Collapsible, ExpandableTable, Section
from kinetune.model.workload import MeasuredCall
from kinetune.views.hotspots import build_hotspots_report
from tests.plans.recorded import explained, measured, postgres

BEGAN = 1_795_449_961.0


def _list_of(resource: str) -> Hotspot:
    return Hotspot(
        "ListCurrentVal",
        ("v0.17.3",),
        resource,
        Vantage.KINE_LOG,
        1,
        2000.0,
        0.5,
        2000.0,
        2000.0,
        2000.0,
        2000.0,
        BEGAN,
        BEGAN,
        (TimeSlot(BEGAN, 1, 2000.0),),
        (SlowestCall(BEGAN, 2000.0, resource, "k3s.log"),),
    )


def _explain(words: str, *arguments: object) -> MeasuredCall:
    recorded = measured(postgres("E20-list-page"))
    return replace(recorded, call=replace(recorded.call, words=words, arguments=arguments))


def _opened_rows(*calls: MeasuredCall) -> dict[str, list[str]]:
    """The titles of what each hotspot of the page opens to."""
    spots = _list_of("/registry/pods/"), _list_of("/registry/my_group.io/things/")
    logs = LogReading(spots, (), (), (), 60, LogCounts(calls=2))
    report = build_hotspots_report(HotspotsResult(logs=logs, explained=explained(*calls)), 10)
    assert report.build_page is not None
    (ranking,) = (section for section in report.build_page() if isinstance(section, ExpandableTable))
    names = [row[0].text for row in ranking.table.rows]
    return dict(zip(names, map(_titles, ranking.details), strict=True))


def _titles(sections: tuple[Section, ...]) -> list[str]:
    return [section.title for section in sections if isinstance(section, Collapsible) and section.printed]


@pytest.mark.parametrize("form", ["/registry/pods/%", "/registry/pods/"])
def test_a_plan_is_shown_at_the_hotspot_of_its_prefix(form: str) -> None:
    rows = _opened_rows(_explain("list pods, first page", form, 501))
    assert rows == {"ListCurrentVal on pods": ["list pods, first page"], "ListCurrentVal on things.my_group.io": []}


def test_a_prefix_in_a_like_pattern_may_be_escaped() -> None:
    rows = _opened_rows(_explain("list things", r"/registry/my\_group.io/things/%"))
    assert rows["ListCurrentVal on things.my_group.io"] == ["list things"]


def test_a_plan_of_another_call_is_not_shown() -> None:
    other = _explain("count pods", "/registry/pods/%")
    rows = _opened_rows(replace(other, call=replace(other.call, scenario="count")))
    assert not any(rows.values())


def test_a_call_without_a_plan_is_not_shown() -> None:
    assert not any(_opened_rows(replace(_explain("list pods", "/registry/pods/%"), plan=None)).values())
