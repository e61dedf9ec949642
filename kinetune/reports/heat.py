"""A grid over time as geometry: where each cell goes and how dark it is, in the units of an SVG view box."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kinetune.model.report import Heat
from kinetune.reports.characters import visible
from kinetune.reports.chart import Tick, figure

_LETTER = 7.6
_ROW, _GAP, _LINE = 22, 3, 17
_LABEL_LETTERS = 34
_TICKS = 6


@dataclass(frozen=True)
class Spot:
    """`y` is the upper edge, `shade` 0 to 1, `text` for those who point at it or hear it."""

    x: float
    y: float
    width: float
    height: float
    shade: float
    text: str


@dataclass(frozen=True)
class Grid:
    """`labels` with their baselines; `anchor` is SVG's text-anchor."""

    title: str
    description: str
    axis: str
    width: float
    height: float
    left: float
    label_x: float
    anchor: str
    labels: tuple[tuple[float, str], ...]
    spots: tuple[Spot, ...]
    ticks: tuple[Tick, ...]


def wide(heat: Heat) -> Grid:
    """860 units wide, labels left of the rows."""
    letters = max((len(_label(label)) for label, _ in heat.rows), default=0)
    return _grid(heat, 860, letters * _LETTER + 12, narrow=False)


def narrow(heat: Heat) -> Grid:
    """400 units wide, labels above the rows."""
    return _grid(heat, 400, 0, narrow=True)


def _grid(heat: Heat, width: float, left: float, *, narrow: bool) -> Grid:
    step = (width - left) / max(len(heat.times), 1)
    above = _LINE if narrow else 0
    tops = [number * (_ROW + _GAP + above) + above for number in range(len(heat.rows))]
    bottom = len(heat.rows) * (_ROW + _GAP + above)
    most = max((value for _, values in heat.rows for value in values), default=0.0)
    return Grid(
        title=heat.title,
        description=_described(heat),
        axis=heat.unit,
        width=width,
        height=bottom + 40,
        left=left,
        label_x=0 if narrow else left - 12,
        anchor="start" if narrow else "end",
        labels=tuple(
            (top - 4 if narrow else top + 15, _label(label)) for top, (label, _) in zip(tops, heat.rows, strict=True)
        ),
        spots=tuple(
            spot
            for top, (_, values) in zip(tops, heat.rows, strict=True)
            for spot in _row(heat, values, (left, top, step, most))
        ),
        ticks=_ticks(heat, left, step),
    )


def _row(heat: Heat, values: tuple[float, ...], frame: tuple[float, float, float, float]) -> list[Spot]:
    """A cell for each number that is not zero: as dark as it is large, or as tall where the row is a line over time."""
    left, top, step, most = frame
    highest = max(values, default=0.0) if heat.steps else most
    spots = []
    for column, value in enumerate(values):
        if value > 0 and highest > 0:
            tall = max(_ROW * value / highest, 1.5) if heat.steps else _ROW
            shade = 1.0 if heat.steps else _shade(value, highest)
            text = f"{heat.times[column]}: {figure(value)} {heat.unit}"
            spots.append(
                Spot(left + column * step, top + _ROW - tall, max(step - 0.6, 0.6), tall, shade, visible(text))
            )
    return spots


def _shade(value: float, most: float) -> float:
    """By magnitude, so that one call beside ten thousand can be seen."""
    return 0.15 + 0.85 * math.log1p(value) / math.log1p(most)


def _ticks(heat: Heat, left: float, step: float) -> tuple[Tick, ...]:
    every = max(math.ceil(len(heat.times) / _TICKS), 1)
    return tuple(Tick(left + at * step, heat.times[at]) for at in range(0, len(heat.times), every))


def _label(label: str) -> str:
    bare = visible(label)
    return bare if len(bare) <= _LABEL_LETTERS else bare[: _LABEL_LETTERS - 1] + "…"


def _described(heat: Heat) -> str:
    """The grid for those who hear it: the largest number of each row and when it was."""
    rows = []
    for label, values in heat.rows:
        if values and max(values) > 0:
            at = values.index(max(values))
            rows.append(f"{label}: most at {heat.times[at]}, {figure(values[at])}")
    return visible(f"In {heat.unit}. " + "; ".join(rows) + ".")
