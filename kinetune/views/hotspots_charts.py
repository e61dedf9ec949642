"""Charts of a page of hotspots: the time spent in slow calls, and their durations, over time."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_clock, format_duration
from kinetune.model.hotspot import LogReading, Vantage
from kinetune.model.report import Heading, Heatmap, Section
from kinetune.views.hotspots_names import SOURCE_TEXTS
from kinetune.views.hotspots_rankings import sum_timeline

_COLUMNS = 60


def draw_charts(logs: LogReading) -> Iterator[Section]:
    """Nothing for logs without calls."""
    if not logs.hotspots or not logs.heat:
        return
    first = min(cell.at for cell in logs.heat)
    last = max(cell.at for cell in logs.heat) + logs.slot_seconds
    columns = max(min(_COLUMNS, round((last - first) / logs.slot_seconds)), 1)
    times = tuple(format_clock(first + (last - first) * number / columns) for number in range(columns))
    width = format_duration((last - first) / columns * 1000.0)
    yield Heading("Over time")
    spent = tuple(_sum_sources(logs, (first, last), columns))
    yield Heatmap(f"Time spent in slow calls, a bar for each {width}", "ms (UTC)", times, spent, steps=True)
    durations = _count_durations(logs, (first, last), columns)
    yield Heatmap("Calls by duration; a stronger colour means more calls", "calls (UTC)", times, durations)


def _sum_sources(logs: LogReading, span: tuple[float, float], columns: int) -> Iterator[tuple[str, tuple[float, ...]]]:
    """A row for each source, because their times do not add up: the same call may be in several."""
    for vantage in Vantage:
        timelines = [spot.timeline for spot in logs.hotspots if spot.vantage is vantage]
        if timelines:
            values = sum_timeline([slot for timeline in timelines for slot in timeline], span, columns)
            yield f"{SOURCE_TEXTS[vantage].name} (at most {format_duration(max(values))})", tuple(values)


def _count_durations(
    logs: LogReading, span: tuple[float, float], columns: int
) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """The slowest first; a row for each doubling of the duration that has calls."""
    rows: dict[float, list[float]] = {cell.from_ms: [0.0] * columns for cell in logs.heat}
    width = (span[1] - span[0]) / columns
    for cell in logs.heat:
        rows[cell.from_ms][min(int((cell.at - span[0]) / width), columns - 1)] += cell.count
    return tuple(
        (f"{format_duration(low)} to {format_duration(2 * low)}", tuple(rows[low]))
        for low in sorted(rows, reverse=True)
    )
