from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.report import BarChart
from kinetune.reports.chart import draw_bars, draw_sparkline

VALUES = st.lists(st.floats(0, 1e12, allow_subnormal=False), min_size=1, max_size=8)


def bars(*values: float) -> BarChart:
    return BarChart(
        "Time", "ms", ("before",), tuple((f"call {number}", (value,)) for number, value in enumerate(values))
    )


def test_near_values_are_measured_from_zero() -> None:
    drawn = draw_bars(bars(50, 100))
    half, whole = (row[0].percent for _, row in drawn.rows)
    assert half * 2 == pytest.approx(whole) == 100
    assert [tick.text for tick in drawn.ticks] == ["0", "50", "100"]
    assert drawn.axis == "ms"


def test_values_far_apart_have_a_logarithmic_scale_with_a_note() -> None:
    drawn = draw_bars(bars(0.04, 412.6))
    assert [tick.text for tick in drawn.ticks] == ["0.01", "0.1", "1", "10", "100", "1,000"]
    assert drawn.axis == "ms, logarithmic scale"


def test_zero_has_no_bar_but_a_number() -> None:
    zero = draw_bars(bars(0, 0.001, 9000)).rows[0][1][0]
    assert (zero.percent, zero.text) == (0, "0")


@given(values=VALUES)
def test_everything_stays_within_the_plot(values: list[float]) -> None:
    drawn = draw_bars(bars(*values))
    for _, row in drawn.rows:
        assert all(math.isfinite(bar.percent) and 0 <= bar.percent <= 100.001 for bar in row)
    assert all(0 <= tick.x <= 100.001 for tick in drawn.ticks)
    assert 2 <= len(drawn.ticks) <= 8


@given(values=VALUES)
def test_grid_lines_are_where_the_ticks_are(values: list[float]) -> None:
    drawn = draw_bars(bars(*values))
    assert [tick.x for tick in drawn.ticks] == pytest.approx([drawn.step * at for at in range(len(drawn.ticks))])


def test_each_number_has_the_name_of_its_series() -> None:
    drawn = draw_bars(BarChart("Time", "ms", ("before", "after"), (("count pods", (388.0, 6.06)),)))
    assert [(label, [(bar.series, bar.text) for bar in row]) for label, row in drawn.rows] == [
        ("count pods", [("before", "388"), ("after", "6.06")])
    ]


def test_a_chart_without_bars_is_drawn() -> None:
    assert draw_bars(BarChart("Time", "ms", ("now",), ())).rows == ()


def test_a_sparkline_has_a_visible_bar_for_each_number_above_zero() -> None:
    low, high = draw_sparkline((0.0, 1.0, 0.0, 1000.0))
    assert (low.x, high.x) == (1, 3)
    assert (high.y, high.height) == (0.0, 100.0)
    assert low.height >= 5
    assert low.y + low.height == pytest.approx(100)


@pytest.mark.parametrize("values", [(), (0.0, 0.0)])
def test_a_sparkline_without_numbers_is_empty(values: tuple[float, ...]) -> None:
    assert draw_sparkline(values) == ()
