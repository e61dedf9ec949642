"""Durations, times, counts and lines over time as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from kinetune.kine.keyspace import resource_prefix, words
from kinetune.model.counters import Cost
from kinetune.model.hotspot import Hotspot, Slot

BLOCKS = "▁▂▃▄▅▆▇█"
CELLS = 24


def took(milliseconds: float | None) -> str:
    """Three digits that matter, in the unit that fits."""
    if milliseconds is None:
        return "–"
    for size, unit in ((3.6e6, "h"), (6e4, "min"), (1e3, "s")):
        if milliseconds >= size:
            return f"{_three(milliseconds / size)} {unit}"
    return f"{_three(milliseconds)} ms"


def _three(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def clock(at: float) -> str:
    """To the second, UTC, without the year: the summary tells it."""
    return _utc(at).strftime("%m-%d %H:%M:%S")


def stamp(at: float) -> str:
    """ISO-8601 to the millisecond, UTC."""
    return _utc(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(first: float, last: float) -> str:
    """`2026-11-23 14:02:11 to 18:40:02 UTC`."""
    begin, end = _utc(first), _utc(last)
    until = end.strftime("%H:%M:%S" if begin.date() == end.date() else "%Y-%m-%d %H:%M:%S")
    return f"{begin:%Y-%m-%d %H:%M:%S} to {until} UTC"


def _utc(at: float) -> datetime:
    """A time that no calendar has (a damaged log) becomes the nearest that one has."""
    return datetime.fromtimestamp(min(max(at, 0.0), 253402300799.0), UTC)


def place(resource: str) -> str:
    """What kubectl calls it; a namespace or a key stays as it is."""
    return words(resource) if resource_prefix(resource) == resource else resource


def name(spot: Hotspot | Cost) -> str:
    return spot.query or "(not Kine's)" if isinstance(spot, Hotspot) else spot.query or "(all queries)"


def resource(spot: Hotspot | Cost) -> str:
    return place(spot.resource) if isinstance(spot, Hotspot) and spot.resource else "–"


def slots(timeline: Sequence[Slot], first: float, last: float, cells: int = CELLS) -> list[float]:
    """Total ms in each of `cells` equal parts of the time from `first` to `last`."""
    width = max(last - first, 1e-9) / cells
    sums = [0.0] * cells
    for slot in timeline:
        sums[min(max(int((slot.at - first) / width), 0), cells - 1)] += slot.total_ms
    return sums


def sparkline(values: Sequence[float]) -> str:
    """A blank where nothing was; the tallest block is the largest value."""
    most = max(values, default=0.0)
    if not most:
        return ""
    return "".join(" " if not one else BLOCKS[min(int(one / most * len(BLOCKS)), len(BLOCKS) - 1)] for one in values)


def several(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def listed(things: Iterable[str]) -> str:
    """`a, b and c`."""
    *most, last = list(things) or [""]
    return f"{', '.join(most)} and {last}" if most else last
