from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.report import Bars
from kinetune.reports import chart

VALUES = st.lists(st.floats(0, 1e12, allow_subnormal=False), min_size=1, max_size=8)


def bars(*values: float) -> Bars:
    return Bars("Time", "ms", ("before",), tuple((f"call {number}", (value,)) for number, value in enumerate(values)))


def test_near_values_are_measured_from_zero() -> None:
    drawn = chart.wide(bars(50, 100))
    half, whole = (row.bars[0].length for row in drawn.rows)
    assert half * 2 == pytest.approx(whole)
    assert [tick.text for tick in drawn.ticks] == ["0", "50", "100"]
    assert drawn.axis == "ms"


def test_values_far_apart_take_a_logarithmic_scale_and_say_so() -> None:
    drawn = chart.wide(bars(0.04, 412.6))
    assert [tick.text for tick in drawn.ticks] == ["0.01", "0.1", "1", "10", "100", "1,000"]
    assert drawn.axis == "ms, logarithmic scale"


def test_nothing_has_no_bar_but_a_number() -> None:
    nothing = chart.wide(bars(0, 0.001, 9000)).rows[0].bars[0]
    assert (nothing.length, nothing.text) == (0, "0")


@pytest.mark.parametrize("draw", [chart.wide, chart.narrow])
@given(values=VALUES)
def test_everything_stays_on_the_paper(draw: object, values: list[float]) -> None:
    drawn = chart.wide(bars(*values)) if draw is chart.wide else chart.narrow(bars(*values))
    for row in drawn.rows:
        assert all(math.isfinite(bar.length) and drawn.left + bar.length <= drawn.width for bar in row.bars)
        assert all(bar.y + 14 <= drawn.height - 40 for bar in row.bars)
    assert all(drawn.left - 0.1 <= tick.x <= drawn.width for tick in drawn.ticks)
    assert 2 <= len(drawn.ticks) <= 8


def test_a_narrow_chart_sets_labels_above_the_bars() -> None:
    row = chart.narrow(bars(1)).rows[0]
    assert row.label[0][0] < row.bars[0].y


def test_a_long_label_takes_more_lines_and_loses_nothing() -> None:
    label = "list every pod of every namespace at an old revision, second page"
    row = chart.wide(Bars("Time", "ms", ("now",), ((label, (1.0,)),))).rows[0]
    assert " ".join(line for _, line in row.label) == label


def test_the_description_tells_each_number() -> None:
    drawn = chart.wide(Bars("Time", "ms", ("before", "after"), (("count pods", (388.0, 6.06)),)))
    assert drawn.description == "In ms. count pods: before 388, after 6.06."


def test_no_bars_are_no_error() -> None:
    assert chart.wide(Bars("Time", "ms", ("now",), ())).rows == ()
