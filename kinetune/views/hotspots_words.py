"""Names of hotspots, and their course over time as a line of blocks."""

from __future__ import annotations

from collections.abc import Sequence

from kinetune.kine.keyspace import resource_prefix, words
from kinetune.model.counters import Cost
from kinetune.model.hotspot import Hotspot, Slot

BLOCKS = "▁▂▃▄▅▆▇█"
CELLS = 24


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
