"""Calls → hotspots, one call at a time, in memory that does not grow with their number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import heappush, heapreplace

from kinetune.logs.histogram import bucket, doubling, percentiles
from kinetune.model.hotspot import Cell, Example, Hotspot, Slot, SlowCall, Vantage

OTHERS = "(others)"
"""The resource of the hotspot that holds what was too light to be kept apart."""
# Each divides the next, so that slots can be joined: 1 s to four weeks.
_WIDTHS = (1, 5, 15, 60, 300, 900, 3600, 10800, 43200, 86400, 604800, 2419200)
_SLOTS = 240
_GROUPS = 1500
_WORST = 5

Group = tuple[str, tuple[str, ...], str, Vantage]


class _Calls:
    """What is kept of a group's calls. `slots` is slot → [count, total ms]; `worst` a heap, the least of them first."""

    __slots__ = ("buckets", "count", "first", "last", "longest", "slots", "total", "worst")

    def __init__(self) -> None:
        self.count = 0
        self.total = self.longest = 0.0
        self.first, self.last = math.inf, -math.inf
        self.buckets: dict[int, int] = {}
        self.slots: dict[int, list[float]] = {}
        self.worst: list[tuple[float, float, str, str]] = []

    def keep(self, one: tuple[float, float, str, str]) -> None:
        if len(self.worst) < _WORST:
            heappush(self.worst, one)
        elif one > self.worst[0]:
            heapreplace(self.worst, one)

    def merge(self, other: _Calls) -> None:
        self.count += other.count
        self.total += other.total
        self.longest = max(self.longest, other.longest)
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        for index, count in other.buckets.items():
            self.buckets[index] = self.buckets.get(index, 0) + count
        _join(self.slots, other.slots.items())
        for one in other.worst:
            self.keep(one)

    def widen(self, factor: int) -> None:
        old, self.slots = self.slots, {}
        _join(self.slots, ((slot // factor, sums) for slot, sums in old.items()))


def _join(slots: dict[int, list[float]], more: Iterable[tuple[int, list[float]]]) -> None:
    for slot, sums in more:
        here = slots.setdefault(slot, [0, 0.0])
        here[0] += sums[0]
        here[1] += sums[1]


class Ranking:
    """
    Takes calls and other rankings, gives hotspots at any time.

    At most 240 slots of time with calls in them (they widen) and 3,000 groups: then the lighter half is folded into
    one called (others), so a group that is always light may be told too small; `folded` counts them.
    """

    def __init__(self) -> None:
        self.folded = 0
        self._width = 0
        self._groups: dict[Group, _Calls] = {}
        self._heat: dict[int, dict[int, int]] = {}

    def __len__(self) -> int:
        return sum(calls.count for calls in self._groups.values())

    def holds(self, vantage: Vantage) -> bool:
        return any(name[3] is vantage for name in self._groups)

    @property
    def slot_seconds(self) -> int:
        return _WIDTHS[self._width]

    def add(self, call: SlowCall) -> None:
        at, query, eras, resource, key, took, source, vantage = call
        group = self._groups.get((query, eras, key or resource, vantage))
        if group is None:
            group = self._new((query, eras, key or resource, vantage))
        group.count += 1
        group.total += took
        if took > group.longest:
            group.longest = took
        if at < group.first:
            group.first = at
        if at > group.last:
            group.last = at
        index = bucket(took)
        group.buckets[index] = group.buckets.get(index, 0) + 1
        slot = int(at // _WIDTHS[self._width])
        sums = group.slots.get(slot)
        if sums is None:
            sums = group.slots[slot] = [0, 0.0]
        sums[0] += 1
        sums[1] += took
        if len(group.worst) < _WORST or took >= group.worst[0][0]:  # of equal ones the later, as keep has it
            group.keep((took, at, key or resource, source))
        row = self._heat.get(slot)
        if row is None:
            self._warm(slot, index >> 7 << 7, 1)
        else:
            index &= ~127
            row[index] = row.get(index, 0) + 1

    def _new(self, name: Group) -> _Calls:
        if len(self._groups) >= 2 * _GROUPS:
            self._fold()
        return self._groups.setdefault(name, _Calls())

    def _fold(self) -> None:
        """The lighter half goes into (others), from each vantage its own."""
        light = sorted(self._groups, key=lambda name: self._groups[name].total)[:-_GROUPS]
        for name in light:
            if name[2] != OTHERS:
                gone = self._groups.pop(name)
                self._groups.setdefault(("", (), OTHERS, name[3]), _Calls()).merge(gone)
                self.folded += 1

    def _warm(self, slot: int, octave: int, count: int) -> None:
        row = self._heat.get(slot)
        if row is None:
            row = self._heat[slot] = {}
        row[octave] = row.get(octave, 0) + count
        if len(self._heat) > _SLOTS and self._width + 1 < len(_WIDTHS):
            self._widen(self._width + 1)

    def _widen(self, to: int) -> None:
        factor = _WIDTHS[to] // _WIDTHS[self._width]
        self._width = to
        for calls in self._groups.values():
            calls.widen(factor)
        old, self._heat = self._heat, {}
        for slot, row in old.items():
            for octave, count in row.items():
                self._warm(slot // factor, octave, count)

    def merge(self, other: Ranking) -> None:
        """Takes the other's calls; the other is used up."""
        while self._width != other._width:
            low, high = sorted((self, other), key=lambda one: one._width)
            low._widen(high._width)  # perhaps further, where it is full
        self.folded += other.folded
        for name, calls in other._groups.items():
            (self._groups.get(name) or self._new(name)).merge(calls)
        for slot, row in other._heat.items():
            for octave, count in row.items():
                self._warm(slot // (self.slot_seconds // other.slot_seconds), octave, count)

    def hotspots(self) -> tuple[Hotspot, ...]:
        """All of them, by total time; of equal ones the more frequent first."""
        totals = dict.fromkeys(Vantage, 0.0)
        for name, calls in self._groups.items():
            totals[name[3]] += calls.total
        made = [self._hotspot(name, calls, totals[name[3]]) for name, calls in self._groups.items()]
        return tuple(sorted(made, key=lambda one: (-one.total_ms, -one.count, one.query, one.resource, one.eras)))

    def _hotspot(self, name: Group, calls: _Calls, total: float) -> Hotspot:
        p50, p95, p99 = (min(one, calls.longest) for one in percentiles(calls.buckets, (0.5, 0.95, 0.99)))
        width = self.slot_seconds
        slots = tuple(Slot(slot * width, int(sums[0]), sums[1]) for slot, sums in sorted(calls.slots.items()))
        worst = tuple(Example(at, took, on, source) for took, at, on, source in sorted(calls.worst, reverse=True))
        return Hotspot(
            *name, calls.count, calls.total, calls.total / total if total else 0.0, p50, p95, p99,
            calls.longest, calls.first, calls.last, slots, worst,
        )  # fmt: skip

    def heat(self) -> tuple[Cell, ...]:
        rows = sorted(self._heat.items())
        width = self.slot_seconds
        return tuple(Cell(slot * width, doubling(at), row[at]) for slot, row in rows for at in sorted(row))


def rank(calls: Iterable[SlowCall]) -> tuple[Hotspot, ...]:
    """Hotspots of any calls, heaviest first."""
    ranking = Ranking()
    for call in calls:
        ranking.add(call)
    return ranking.hotspots()
