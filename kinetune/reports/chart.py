"""Bars as geometry: where each bar, label and line of the scale goes, in the units of an SVG view box."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from kinetune.model.report import Bars
from kinetune.reports.characters import visible

_LETTER = 7.6  # of a 13 px system font; DejaVu Sans is the widest met
_BAR, _PAIR_GAP, _ROW_GAP, _LINE = 14, 2, 12, 17
_LABEL_LETTERS = 36
_FAR_APART = 100


@dataclass(frozen=True)
class Bar:
    """`y` is the upper edge, `series` 0 or 1, `text` the number at its end."""

    y: float
    length: float
    series: int
    text: str


@dataclass(frozen=True)
class Row:
    """`label` are lines with their baselines; `anchor` is SVG's text-anchor."""

    label: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True)
class Chart:
    """`left` is where bars begin, `label_x` where labels do (or end, by `anchor`)."""

    title: str
    description: str
    axis: str
    width: float
    height: float
    left: float
    label_x: float
    anchor: str
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Scale:
    """`place` maps a value to 0…1 of the plot; `ticks` are values; `words` join the axis title."""

    place: Callable[[float], float]
    ticks: tuple[float, ...]
    words: str = ""


@dataclass(frozen=True)
class _Frame:
    """Narrow puts labels above the bars, for a telephone."""

    width: float
    label_width: float
    narrow: bool


def wide(bars: Bars) -> Chart:
    """860 units wide, labels left of the bars."""
    letters = max((len(line) for label, _ in bars.bars for line in _label(label)), default=0)
    return _chart(bars, _Frame(860, letters * _LETTER + 12, narrow=False))


def narrow(bars: Bars) -> Chart:
    """400 units wide, labels above the bars."""
    return _chart(bars, _Frame(400, 0, narrow=True))


def scale(values: list[float]) -> Scale:
    """Logarithmic where the largest is more than a hundred times the smallest that is not zero; else from zero."""
    positive = [value for value in values if value > 0 and math.isfinite(value)]
    if positive and max(positive) > _FAR_APART * min(positive):
        return _logarithmic(min(positive), max(positive))
    return _linear(max(positive, default=1.0))


def _linear(highest: float) -> Scale:
    """About four steps of 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(highest / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= highest / 4)
    count = math.ceil(highest / step - 1e-9)
    return Scale(lambda value: value / (count * step), tuple(number * step for number in range(count + 1)))


def _logarithmic(lowest: float, highest: float) -> Scale:
    """Whole powers of ten, the first well below the lowest so that its bar can be seen."""
    first, last = math.floor(math.log10(lowest / 1.5)), math.ceil(math.log10(highest))
    every = math.ceil((last - first) / 6)
    ticks = tuple(10.0**power for power in range(first, last + 1, every))
    return Scale(lambda value: (math.log10(value) - first) / (last - first), ticks, "logarithmic scale")


def figure(value: float) -> str:
    """Three digits that matter, thousands set apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _chart(bars: Bars, frame: _Frame) -> Chart:
    measure = scale([value for _, values in bars.bars for value in values])
    longest = max((len(figure(value)) for _, values in bars.bars for value in values), default=0)
    span = frame.width - frame.label_width - longest * _LETTER - 14
    rows, bottom = _rows(bars, frame, lambda value: span * measure.place(value))
    return Chart(
        title=bars.title,
        description=_described(bars),
        axis=", ".join(filter(None, (bars.unit, measure.words))),
        width=frame.width,
        height=bottom + 44,
        left=frame.label_width,
        label_x=0 if frame.narrow else frame.label_width - 12,
        anchor="start" if frame.narrow else "end",
        rows=rows,
        ticks=tuple(Tick(frame.label_width + span * measure.place(value), figure(value)) for value in measure.ticks),
    )


def _rows(bars: Bars, frame: _Frame, length: Callable[[float], float]) -> tuple[tuple[Row, ...], float]:
    """The rows, and the lower edge of the last."""
    rows, top = [], 4.0
    for label, values in bars.bars:
        lines = _label(label)
        high, tall = len(lines) * _LINE, len(values) * (_BAR + _PAIR_GAP) - _PAIR_GAP
        label_top, bar_top = (top, top + high + 2) if frame.narrow else _centred(top, high, tall)
        rows.append(Row(_baselines(lines, label_top), _bars(values, bar_top, length)))
        top = max(label_top + high, bar_top + tall) + _ROW_GAP
    return tuple(rows), top


def _centred(top: float, label: float, bars: float) -> tuple[float, float]:
    middle = top + max(label, bars) / 2
    return middle - label / 2, middle - bars / 2


def _baselines(lines: list[str], top: float) -> tuple[tuple[float, str], ...]:
    return tuple((top + number * _LINE + 13, line) for number, line in enumerate(lines))


def _bars(values: tuple[float, ...], top: float, length: Callable[[float], float]) -> tuple[Bar, ...]:
    return tuple(
        Bar(top + number * (_BAR + _PAIR_GAP), max(length(value), 1.5) if value > 0 else 0, number, figure(value))
        for number, value in enumerate(values)
    )


def _label(label: str) -> list[str]:
    return textwrap.wrap(visible(label), _LABEL_LETTERS) or [""]


def _described(bars: Bars) -> str:
    """The chart for those who hear it."""
    rows = [
        f"{label}: " + ", ".join(f"{name} {figure(value)}" for name, value in zip(bars.series, values, strict=False))
        for label, values in bars.bars
    ]
    return visible(f"In {bars.unit}. " + "; ".join(rows) + ".")
