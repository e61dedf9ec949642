"""Heatmaps for HTML: the height and the shade of each cell, and the times below them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kinetune.model.report import Heatmap
from kinetune.reports.chart import Tick, format_figure

_TICKS = 4
_MIN_PERCENT = 7.0
"""Of the height of a row: a lower cell could not be seen."""
_MIN_SHADE = 0.15


@dataclass(frozen=True)
class HeatmapCell:
    """`percent` of the row's height, `shade` 0 to 1; both are 0 for the number 0. `text` is its time and number."""

    percent: float = 0.0
    shade: float = 0.0
    text: str = ""


@dataclass(frozen=True)
class HeatmapRow:
    """`summary` is for a screen reader: the largest number and its time."""

    label: str
    summary: str
    cells: tuple[HeatmapCell, ...]


@dataclass(frozen=True)
class HeatmapDrawing:
    rows: tuple[HeatmapRow, ...]
    ticks: tuple[Tick, ...]


def draw_heatmap(heat: Heatmap) -> HeatmapDrawing:
    """One cell for each time; a tick's `x` is in percent of the row's width."""
    highest = max((value for _, values in heat.rows for value in values), default=0.0)
    stride = max(math.ceil(len(heat.times) / _TICKS), 1)
    ticks = (Tick(100.0 * column / len(heat.times), heat.times[column]) for column in range(0, len(heat.times), stride))
    return HeatmapDrawing(tuple(_draw_row(heat, label, values, highest) for label, values in heat.rows), tuple(ticks))


def _draw_row(heat: Heatmap, label: str, values: tuple[float, ...], highest: float) -> HeatmapRow:
    """A line over time is as high as the number, relative to its row; other cells are as dark as the number."""
    texts = [f"{time}: {format_figure(value)} {heat.unit}" for time, value in zip(heat.times, values, strict=True)]
    peak = max(values, default=0.0)
    cells = []
    for value, text in zip(values, texts, strict=True):
        if value <= 0:
            cells.append(HeatmapCell())
        elif heat.steps:
            cells.append(HeatmapCell(max(100.0 * value / peak, _MIN_PERCENT), 1.0, text))
        else:
            cells.append(HeatmapCell(100.0, _choose_shade(value, highest), text))
    return HeatmapRow(label, f"maximum at {texts[values.index(peak)]}" if peak > 0 else "", tuple(cells))


def _choose_shade(value: float, highest: float) -> float:
    """By order of magnitude: one call is visible beside ten thousand."""
    return _MIN_SHADE + (1.0 - _MIN_SHADE) * math.log1p(value) / math.log1p(highest)
