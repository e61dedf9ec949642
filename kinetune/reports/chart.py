"""Bar charts for HTML: the length of each bar and the ticks of the scale, in percent of the plot's width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kinetune.model.report import BarChart

_LOGARITHMIC_FROM = 100
"""From this ratio of the largest to the smallest value on, a linear scale would hide the small ones."""
_MIN_PERCENT = 0.2
_MIN_SPARKLINE_PERCENT = 8.0


@dataclass(frozen=True)
class Tick:
    """`x` is the position on the axis, in the unit of the drawing."""

    x: float
    text: str


@dataclass(frozen=True)
class Scale:
    """`share` maps a value to 0…1 of the plot; `ticks` are values at equal distances; `note` is for the axis title."""

    share: Callable[[float], float]
    ticks: tuple[float, ...]
    note: str = ""


@dataclass(frozen=True)
class Bar:
    """`series` is the name of the number, empty in a chart that has only one; `text` is the number itself."""

    percent: float
    series: str
    text: str


@dataclass(frozen=True)
class ChartDrawing:
    """`step` is the distance of two ticks in percent, for grid lines."""

    axis: str
    step: float
    ticks: tuple[Tick, ...]
    rows: tuple[tuple[str, tuple[Bar, ...]], ...]


def draw_bars(chart: BarChart) -> ChartDrawing:
    """The rows in the order of the chart, each a label with one bar for each series."""
    scale = choose_scale([value for _, values in chart.bars for value in values])
    names = chart.series if len(chart.series) > 1 else ("",)
    ticks = tuple(Tick(100 * scale.share(value), format_figure(value)) for value in scale.ticks)
    return ChartDrawing(
        axis=", ".join(filter(None, (chart.unit, scale.note))),
        step=ticks[1].x - ticks[0].x,
        ticks=ticks,
        rows=tuple(
            (label, tuple(_draw_bar(value, name, scale) for name, value in zip(names, values, strict=False)))
            for label, values in chart.bars
        ),
    )


def _draw_bar(value: float, series: str, scale: Scale) -> Bar:
    return Bar(max(100 * scale.share(value), _MIN_PERCENT) if value > 0 else 0.0, series, format_figure(value))


@dataclass(frozen=True)
class SparklineBar:
    """`x` is its number from the left; `y` and `height` are in percent of the drawing, `y` from the top."""

    x: int
    y: float
    height: float


def draw_sparkline(values: Sequence[float]) -> tuple[SparklineBar, ...]:
    """A bar for each number above zero, on the scale of the largest; a small number is still visible."""
    highest = max(values, default=0.0)
    heights = ((x, max(100 * value / highest, _MIN_SPARKLINE_PERCENT)) for x, value in enumerate(values) if value > 0)
    return tuple(SparklineBar(x, round(100 - height, 1), round(height, 1)) for x, height in heights)


def choose_scale(values: list[float]) -> Scale:
    """Logarithmic if the largest value is more than 100 times the smallest above zero; else linear from zero."""
    positive = [value for value in values if value > 0 and math.isfinite(value)]
    if positive and max(positive) > _LOGARITHMIC_FROM * min(positive):
        return _logarithmic_scale(min(positive), max(positive))
    return _linear_scale(max(positive, default=1.0))


def _linear_scale(highest: float) -> Scale:
    """About four steps of 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(highest / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= highest / 4)
    count = math.ceil(highest / step - 1e-9)  # a highest value on a tick needs no further one
    return Scale(lambda value: value / (count * step), tuple(number * step for number in range(count + 1)))


def _logarithmic_scale(lowest: float, highest: float) -> Scale:
    """Powers of ten; the first is well below the lowest value, so that its bar can be seen."""
    first, last = math.floor(math.log10(lowest / 1.5)), math.ceil(math.log10(highest))
    stride = math.ceil((last - first) / 6)  # at most seven ticks
    ticks = tuple(10.0**power for power in range(first, last + 1, stride))
    return Scale(lambda value: (math.log10(value) - first) / (last - first), ticks, "logarithmic scale")


def format_figure(value: float) -> str:
    """Three significant digits, and a comma between thousands."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
