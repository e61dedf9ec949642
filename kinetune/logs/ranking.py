"""Calls → hotspots, one call at a time, in memory that does not grow with the number of calls."""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import heappush, heapreplace
from math import frexp

from kinetune.logs.histogram import SMALLEST_MS, estimate_percentiles, octave_start
from kinetune.model.hotspot import HeatCell, Hotspot, SlowCall, SlowestCall, TimeSlot, Vantage

OTHERS = "(others)"
"""The resource of the hotspot that sums up the groups with the least total time."""
# Slot widths from 1 s to four weeks. Each divides the next, so that slots can be joined.
_WIDTHS = (1, 5, 15, 60, 300, 900, 3600, 10800, 43200, 86400, 604800, 2419200)
_MAX_SLOTS = 240
_KEPT_GROUPS = 1500
_KEPT_EXAMPLES = 5

GroupKey = tuple[str, tuple[str, ...], str, Vantage]
"""Query, eras, what calls are grouped by, vantage."""
Slots = dict[int, list[float]]
"""Number of the slot → [calls, total milliseconds]. A list, because a call changes both."""


class _CallGroup:
    """
    The sums of one group of calls. `worst` is a heap of (milliseconds, time, key or resource, source), for calls of
    `example_from` milliseconds or more.
    """

    __slots__ = ("buckets", "example_from", "first", "last", "slots", "worst")

    def __init__(self) -> None:
        self.first, self.last = math.inf, -math.inf
        self.buckets: dict[int, int] = {}
        self.slots: Slots = {}
        self.worst: list[tuple[float, float, str, str]] = []
        self.example_from = -math.inf

    @property
    def count(self) -> int:
        return sum(self.buckets.values())

    @property
    def total(self) -> float:
        """The sum of all durations in milliseconds."""
        return math.fsum(sums[1] for sums in self.slots.values())

    @property
    def longest(self) -> float:
        return max(self.worst)[0]

    def keep_example(self, example: tuple[float, float, str, str]) -> None:
        """Keep the slowest calls. Of equally slow ones the latest: the result must not depend on the order of files."""
        if len(self.worst) < _KEPT_EXAMPLES:
            heappush(self.worst, example)
        elif example > self.worst[0]:
            heapreplace(self.worst, example)
        if len(self.worst) == _KEPT_EXAMPLES:
            self.example_from = self.worst[0][0]

    def merge(self, other: _CallGroup) -> None:
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        for index, count in other.buckets.items():
            self.buckets[index] = self.buckets.get(index, 0) + count
        _add_slots(self.slots, other.slots.items())
        for example in other.worst:
            self.keep_example(example)

    def widen_slots(self, factor: int) -> None:
        old, self.slots = self.slots, {}
        _add_slots(self.slots, ((slot // factor, sums) for slot, sums in old.items()))


def _add_slots(slots: Slots, more: Iterable[tuple[int, list[float]]]) -> None:
    for slot, sums in more:
        here = slots.setdefault(slot, [0, 0.0])
        here[0] += sums[0]
        here[1] += sums[1]


class Ranking:
    """
    Takes calls and other rankings; returns hotspots at any time.

    The memory is bounded by 240 time slots, which widen, and 3,000 groups. When there are more, the half with the least
    total time is folded into (others). A group that is folded and occurs again counts only its later calls. `folded` is
    how many groups were folded.
    """

    def __init__(self) -> None:
        self.folded = 0
        self._width = 0
        self.slot_seconds = _WIDTHS[0]
        self._groups: dict[GroupKey, _CallGroup] = {}
        self._heat: dict[int, dict[int, int]] = {}

    def __len__(self) -> int:
        return sum(calls.count for calls in self._groups.values())

    def has_vantage(self, vantage: Vantage) -> bool:
        return any(name[3] is vantage for name in self._groups)

    def add_calls(self, calls: Iterable[SlowCall]) -> None:
        # Runs for each call of a log, so bucket_index, keep_example, _add_slots and _add_heat are written out here.
        groups = self._groups
        for at, query, eras, resource, key, took, source, vantage in calls:
            name = query, eras, key or resource, vantage
            group = groups.get(name) or self._new_group(name)
            if at < group.first:
                group.first = at
            if at > group.last:
                group.last = at
            fraction, exponent = frexp(took if took > SMALLEST_MS else SMALLEST_MS)
            octave = exponent << 7
            buckets = group.buckets
            index = octave + int(fraction * 256.0) - 128
            buckets[index] = buckets.get(index, 0) + 1
            slot = int(at // self.slot_seconds)
            if slot in group.slots:
                sums = group.slots[slot]
                sums[0] += 1
                sums[1] += took
            else:
                group.slots[slot] = [1, took]
            if took >= group.example_from:
                group.keep_example((took, at, name[2], source))
            if slot in self._heat:
                row = self._heat[slot]
                row[octave] = row.get(octave, 0) + 1
            else:
                self._add_heat(slot, octave, 1)

    def _new_group(self, name: GroupKey) -> _CallGroup:
        if len(self._groups) >= 2 * _KEPT_GROUPS:
            self._fold_lightest()
        return self._groups.setdefault(name, _CallGroup())

    def _fold_lightest(self) -> None:
        """Fold half of the groups into (others) of their vantage: durations of different vantages do not add up."""
        light = sorted(self._groups, key=lambda name: self._groups[name].total)[:-_KEPT_GROUPS]
        for name in light:
            if name[2] != OTHERS:
                folded = self._groups.pop(name)
                self._groups.setdefault(("", (), OTHERS, name[3]), _CallGroup()).merge(folded)
                self.folded += 1

    def _add_heat(self, slot: int, octave: int, count: int) -> None:
        row = self._heat.get(slot)
        if row is None:
            row = self._heat[slot] = {}
        row[octave] = row.get(octave, 0) + count
        if len(self._heat) > _MAX_SLOTS and self._width + 1 < len(_WIDTHS):
            self._widen_slots(self._width + 1)

    def _widen_slots(self, width: int) -> None:
        factor = _WIDTHS[width] // self.slot_seconds
        self._width, self.slot_seconds = width, _WIDTHS[width]
        for calls in self._groups.values():
            calls.widen_slots(factor)
        old, self._heat = self._heat, {}
        for slot, row in old.items():
            for octave, count in row.items():
                self._add_heat(slot // factor, octave, count)

    def merge(self, other: Ranking) -> None:
        """Add the calls of another ranking, which must not be used afterwards: its groups become part of this one."""
        while self._width != other._width:
            low, high = sorted((self, other), key=lambda ranking: ranking._width)
            low._widen_slots(high._width)  # further than asked if it is full, hence the loop
        self.folded += other.folded
        for name, calls in other._groups.items():
            (self._groups.get(name) or self._new_group(name)).merge(calls)
        for slot, row in other._heat.items():
            for octave, count in row.items():
                # _add_heat may widen this ranking meanwhile; `other` keeps its width.
                self._add_heat(slot // (self.slot_seconds // other.slot_seconds), octave, count)

    def hotspots(self) -> tuple[Hotspot, ...]:
        """All hotspots by total time; of equal ones the more frequent first."""
        totals = dict.fromkeys(Vantage, 0.0)
        for name, calls in self._groups.items():
            totals[name[3]] += calls.total
        found = [self._make_hotspot(name, calls, totals[name[3]]) for name, calls in self._groups.items()]
        return tuple(
            sorted(found, key=lambda spot: (-spot.total_ms, -spot.count, spot.query, spot.resource, spot.eras))
        )

    def _make_hotspot(self, name: GroupKey, calls: _CallGroup, total: float) -> Hotspot:
        # The middle of the last bucket may be above the longest call.
        percentiles = estimate_percentiles(calls.buckets, (0.5, 0.95, 0.99))
        p50, p95, p99 = (min(estimate, calls.longest) for estimate in percentiles)
        width = self.slot_seconds
        slots = tuple(TimeSlot(slot * width, int(sums[0]), sums[1]) for slot, sums in sorted(calls.slots.items()))
        worst = tuple(SlowestCall(at, took, on, source) for took, at, on, source in sorted(calls.worst, reverse=True))
        return Hotspot(
            *name, calls.count, calls.total, calls.total / total if total else 0.0, p50, p95, p99,
            calls.longest, calls.first, calls.last, slots, worst,
        )  # fmt: skip

    def heat(self) -> tuple[HeatCell, ...]:
        rows = sorted(self._heat.items())
        width = self.slot_seconds
        return tuple(HeatCell(slot * width, octave_start(at), row[at]) for slot, row in rows for at in sorted(row))
