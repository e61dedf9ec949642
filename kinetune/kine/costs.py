"""Counters → costs: what was counted between two readings, also across a reset, summed over nodes by Kine's names."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from kinetune.model.counters import Bucket, Cost, Costs, Counter, Counters, Node
from kinetune.model.failure import CouldNotLook

Buckets = dict[tuple[float, float | None], int]


def costs(now: Counters, before: Counters | None = None) -> Costs:
    """
    Heaviest first. Without an earlier reading: since each place began to count.

    A counter that went down, began after the earlier reading, or stands in a place that was reset since, counts from
    nothing. A node that is in one reading only is said and left out: its counts are of another time. CouldNotLook where
    none is in both: nothing is told then, least of all that Kine was idle.
    """
    if before is None:
        return Costs(_ranked(now.entries), _uptime(now), now.gauges, _growing(now.gauges), now.notices)
    before = _renamed(before, now)
    if not _by_name(now).keys() & _by_name(before).keys():
        raise CouldNotLook(
            f"the earlier reading holds nothing of {', '.join(sorted(_by_name(now)))}",
            f"it is of {', '.join(sorted(_by_name(before))) or 'no place'}",
        )
    seconds = (now.taken_at - before.taken_at).total_seconds()
    notices = (*now.notices, *_told(now, before))
    return Costs(_ranked(_grown(now, before)), seconds, now.gauges, _growth(now, before), notices)


def _renamed(before: Counters, now: Counters) -> Counters:
    """The same process in a file of another name: metrics of Monday and of Tuesday."""
    if len(before.places) != 1 or len(now.places) != 1 or before.places[0].began is None:
        return before
    old, new = before.places[0], now.places[0]
    if old.began != new.began:
        return before
    entries = tuple(replace(entry, node=new.name) for entry in before.entries)
    return replace(before, places=(replace(old, name=new.name),), entries=entries)


def percentile(buckets: Iterable[Bucket], share: float) -> float | None:
    """
    The duration in ms that `share` (0.99) of the calls do not exceed, straight through the bucket that has it, as
    Prometheus' histogram_quantile; of a bucket without end its beginning. None without calls.
    """
    ordered = sorted((bucket for bucket in buckets if bucket.count), key=lambda bucket: bucket.low_ms)
    left = share * sum(bucket.count for bucket in ordered)
    for bucket in ordered:
        if left <= bucket.count:
            low, high = bucket.low_ms, bucket.high_ms
            return low if high is None else low + (high - low) * left / bucket.count
        left -= bucket.count
    return None


def _uptime(now: Counters) -> float | None:
    """Since the youngest place began; the server says it from PostgreSQL 14 on, Kine's metrics on Linux."""
    began = [place.began for place in now.places]
    known = [one for one in began if one is not None]
    return (now.taken_at - max(known)).total_seconds() if known and len(known) == len(began) else None


def _grown(now: Counters, before: Counters) -> Iterator[Counter]:
    old = {(entry.node, entry.id): entry for entry in before.entries}
    known = {place.name for place in before.places}
    reset = _reset(now, before)
    for entry in now.entries:
        if entry.node in known:
            first = None if entry.node in reset else old.get((entry.node, entry.id))
            yield entry if first is None or _anew(entry, first, before.taken_at) else _less(entry, first)


def _reset(now: Counters, before: Counters) -> set[str]:
    return {place.name for place in now.places if place.began is not None and place.began > before.taken_at}


def _fallen(now: Counters, before: Counters) -> set[str]:
    """Places where a counter is lower than it was: before PostgreSQL 14 nothing else tells of a reset."""
    old = {(entry.node, entry.id): entry.calls for entry in before.entries}
    return {entry.node for entry in now.entries if entry.calls < old.get((entry.node, entry.id), 0)}


def _anew(entry: Counter, first: Counter, at: datetime) -> bool:
    began_later = entry.since is not None and entry.since > at
    return began_later or entry.calls < first.calls or entry.total_ms < first.total_ms


def _less(entry: Counter, first: Counter) -> Counter:
    """A greater maximum is one of these calls; the same one may be older."""
    higher = entry.max_ms is not None and first.max_ms is not None and entry.max_ms > first.max_ms
    buckets = _counted(entry.buckets)
    for bucket in first.buckets:
        ends = bucket.low_ms, bucket.high_ms
        buckets[ends] = max(buckets.get(ends, 0) - bucket.count, 0)
    return replace(
        entry,
        calls=entry.calls - first.calls,
        total_ms=entry.total_ms - first.total_ms,
        max_ms=entry.max_ms if higher else None,
        rows=None if entry.rows is None else entry.rows - (first.rows or 0),
        errors=max(entry.errors - first.errors, 0),
        buckets=tuple(Bucket(*ends, count) for ends, count in buckets.items()),
        extra={name: value - first.extra.get(name, 0.0) for name, value in entry.extra.items()},
    )


def _counted(buckets: Iterable[Bucket]) -> Buckets:
    counted: Buckets = defaultdict(int)
    for bucket in buckets:
        counted[bucket.low_ms, bucket.high_ms] += bucket.count
    return counted


def _ranked(entries: Iterable[Counter]) -> tuple[Cost, ...]:
    grouped: dict[str, list[Counter]] = defaultdict(list)
    for entry in entries:
        if entry.calls > 0:
            grouped[entry.query].append(entry)
    total = sum(entry.total_ms for group in grouped.values() for entry in group)
    every = [_cost(query, group, total) for query, group in grouped.items()]
    return tuple(sorted(every, key=lambda cost: (-cost.total_ms, -cost.count, cost.query)))


def _cost(query: str, group: list[Counter], total: float) -> Cost:
    time = sum(entry.total_ms for entry in group)
    buckets = [bucket for entry in group for bucket in entry.buckets]
    buckets = [Bucket(*ends, count) for ends, count in _counted(buckets).items()]
    longest = [entry.max_ms for entry in group]
    rows = [entry.rows for entry in group]
    extra: dict[str, float] = defaultdict(float)
    for entry in group:
        for name, value in entry.extra.items():
            extra[name] += value
    p50, p95, p99 = (percentile(buckets, share) for share in (0.5, 0.95, 0.99))
    return Cost(
        query=query,
        eras=tuple(dict.fromkeys(era for entry in group for era in entry.eras)),
        count=sum(entry.calls for entry in group),
        total_ms=time,
        share=time / total if total else 0.0,
        p50=p50,
        p95=p95,
        p99=p99,
        max=None if None in longest else max(one for one in longest if one is not None),
        rows=None if None in rows else sum(one for one in rows if one is not None),
        errors=sum(entry.errors for entry in group),
        extra=dict(extra),
    )


def _is_growing(name: str) -> bool:
    return name.split("{")[0].endswith("_total")


def _growing(gauges: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in gauges.items() if _is_growing(name) and math.isfinite(value)}


def _growth(now: Counters, before: Counters) -> dict[str, float]:
    old = {} if _reset(now, before) else before.gauges
    pairs = {name: (value, old.get(name, 0.0)) for name, value in _growing(now.gauges).items()}
    return {name: value - first if value >= first else value for name, (value, first) in pairs.items()}


def _told(now: Counters, before: Counters) -> Iterator[str]:
    here, there = _by_name(now), _by_name(before)
    for name in sorted(_reset(now, before) | _fallen(now, before)):
        yield f"{name}: counters were reset after the earlier reading; those count from the reset on"
    for name in sorted(here.keys() - there.keys()):
        yield f"{name} is not in the earlier reading: left out"
    for name in sorted(there.keys() - here.keys()):
        yield f"{name} is in the earlier reading only: what it counted since is not known"
    for name in sorted(here.keys() & there.keys()):
        if here[name].evicted > there[name].evicted:
            yield f"{name}: pg_stat_statements threw entries away, counts may be low; raise pg_stat_statements.max"
    if now.taken_at < before.taken_at:
        yield "the earlier reading is from a later time: a clock went back, or the files are exchanged"


def _by_name(counters: Counters) -> dict[str, Node]:
    return {place.name: place for place in counters.places}


def together(readings: list[Counters]) -> Counters:
    """Several places as one reading: those of each Kine of a cluster. Gauges add up."""
    gauges: dict[str, float] = defaultdict(float)
    for reading in readings:
        for name, value in reading.gauges.items():
            gauges[name] += value
    return Counters(
        max(reading.taken_at for reading in readings),
        tuple(place for reading in readings for place in reading.places),
        tuple(entry for reading in readings for entry in reading.entries),
        dict(gauges),
        tuple(notice for reading in readings for notice in reading.notices),
    )
