"""Computes what queries cost from counters: the difference of two readings, across resets, summed over nodes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from kinetune.model.counters import Bucket, Counter, CounterNode, Counters, CounterTotals, QueryCost
from kinetune.model.failure import CouldNotLook

Buckets = dict[tuple[float, float | None], int]


def compute_costs(now: Counters, before: Counters | None = None) -> CounterTotals:
    """
    The cost of each query, highest total time first. Without an earlier reading, since each place began to count.

    A counter that decreased, began after the earlier reading, or belongs to a place that was reset since counts from
    zero. A node that is in only one reading is left out with a notice, because its counts cover another time.
    CouldNotLook if no node is in both readings: the difference would be empty, which must not look like an idle Kine.
    """
    if before is None:
        return CounterTotals(
            _rank_costs(now.entries), _uptime_seconds(now), now.gauges, _select_growing_gauges(now.gauges), now.notices
        )
    before = _rename_place(before, now)
    if not _places_by_name(now).keys() & _places_by_name(before).keys():
        raise CouldNotLook(
            f"the earlier reading has no data of {', '.join(sorted(_places_by_name(now)))}",
            f"it has data of {', '.join(sorted(_places_by_name(before))) or 'no server'}",
        )
    seconds = (now.taken_at - before.taken_at).total_seconds()
    notices = (*now.notices, *_comparison_notices(now, before))
    return CounterTotals(
        _rank_costs(_subtract_counters(now, before)), seconds, now.gauges, _gauge_growth(now, before), notices
    )


def _rename_place(before: Counters, now: Counters) -> Counters:
    """Adapts the earlier reading if it is of the same process under another name, such as another metrics file."""
    # Only unambiguous with one place in each reading; the start time identifies the process.
    if len(before.places) != 1 or len(now.places) != 1 or before.places[0].began is None:
        return before
    old, new = before.places[0], now.places[0]
    if old.began != new.began:
        return before
    entries = tuple(replace(entry, node=new.name) for entry in before.entries)
    return replace(before, places=(replace(old, name=new.name),), entries=entries)


def estimate_percentile(buckets: Iterable[Bucket], share: float) -> float | None:
    """
    The duration in milliseconds that `share` (0.99) of the calls do not exceed; None without calls.

    Interpolated within the bucket that contains it, as histogram_quantile of Prometheus does; for a bucket without an
    upper limit its lower limit.
    """
    ordered = sorted((bucket for bucket in buckets if bucket.count), key=lambda bucket: bucket.low_ms)
    left = share * sum(bucket.count for bucket in ordered)
    for bucket in ordered:
        if left <= bucket.count:
            low, high = bucket.low_ms, bucket.high_ms
            return low if high is None else low + (high - low) * left / bucket.count
        left -= bucket.count
    return None


def _uptime_seconds(now: Counters) -> float | None:
    """Seconds since the newest place began to count. PostgreSQL 14 and newer shows it, and metrics of Kine on Linux."""
    began = [place.began for place in now.places]
    known = [one for one in began if one is not None]
    return (now.taken_at - max(known)).total_seconds() if known and len(known) == len(began) else None


def _subtract_counters(now: Counters, before: Counters) -> Iterator[Counter]:
    old = {(entry.node, entry.id): entry for entry in before.entries}
    known = {place.name for place in before.places}
    # Only places in both readings: a count since the start of a node is not comparable with a difference.
    reset = _find_reset_places(now, before)
    for entry in now.entries:
        if entry.node in known:
            first = None if entry.node in reset else old.get((entry.node, entry.id))
            yield (
                entry
                if first is None or _counts_from_zero(entry, first, before.taken_at)
                else _subtract_counter(entry, first)
            )


def _find_reset_places(now: Counters, before: Counters) -> set[str]:
    return {place.name for place in now.places if place.began is not None and place.began > before.taken_at}


def _find_decreased_places(now: Counters, before: Counters) -> set[str]:
    """Places where a counter is lower than before: PostgreSQL before 14 shows a reset in no other way."""
    old = {(entry.node, entry.id): entry.calls for entry in before.entries}
    return {entry.node for entry in now.entries if entry.calls < old.get((entry.node, entry.id), 0)}


def _counts_from_zero(entry: Counter, first: Counter, at: datetime) -> bool:
    # pg_stat_statements may discard an entry and begin it again at 0 (stats_since, PostgreSQL 17).
    began_later = entry.since is not None and entry.since > at
    return began_later or entry.calls < first.calls or entry.total_ms < first.total_ms


def _subtract_counter(entry: Counter, first: Counter) -> Counter:
    """The increase of one counter. Its maximum is known only if it grew: an equal one may be from before."""
    # Counters keep the maximum since they began, so an unchanged one says nothing about these calls.
    higher = entry.max_ms is not None and first.max_ms is not None and entry.max_ms > first.max_ms
    buckets = _count_buckets(entry.buckets)
    # Metrics are read while they change, so a bucket may be one reading behind its sum: never count below 0.
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


def _count_buckets(buckets: Iterable[Bucket]) -> Buckets:
    counted: Buckets = defaultdict(int)
    for bucket in buckets:
        counted[bucket.low_ms, bucket.high_ms] += bucket.count
    return counted


def _rank_costs(entries: Iterable[Counter]) -> tuple[QueryCost, ...]:
    grouped: dict[str, list[Counter]] = defaultdict(list)
    for entry in entries:
        if entry.calls > 0:
            grouped[entry.query].append(entry)
    total = sum(entry.total_ms for group in grouped.values() for entry in group)
    all_costs = [_sum_group(query, group, total) for query, group in grouped.items()]
    return tuple(sorted(all_costs, key=lambda cost: (-cost.total_ms, -cost.count, cost.query)))


def _sum_group(query: str, group: list[Counter], total: float) -> QueryCost:
    time = sum(entry.total_ms for entry in group)
    buckets = [bucket for entry in group for bucket in entry.buckets]
    buckets = [Bucket(*ends, count) for ends, count in _count_buckets(buckets).items()]
    longest = [entry.max_ms for entry in group]
    rows = [entry.rows for entry in group]
    extra: dict[str, float] = defaultdict(float)
    for entry in group:
        for name, value in entry.extra.items():
            extra[name] += value
    p50, p95, p99 = (estimate_percentile(buckets, share) for share in (0.5, 0.95, 0.99))
    return QueryCost(
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


def _select_growing_gauges(gauges: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in gauges.items() if _is_growing(name) and math.isfinite(value)}


def _gauge_growth(now: Counters, before: Counters) -> dict[str, float]:
    # Gauges are sums over all places: after a reset of one of them the earlier sum is not comparable.
    old = {} if _find_reset_places(now, before) else before.gauges
    pairs = {name: (value, old.get(name, 0.0)) for name, value in _select_growing_gauges(now.gauges).items()}
    return {name: value - first if value >= first else value for name, (value, first) in pairs.items()}


def _comparison_notices(now: Counters, before: Counters) -> Iterator[str]:
    here, there = _places_by_name(now), _places_by_name(before)
    for name in sorted(_find_reset_places(now, before) | _find_decreased_places(now, before)):
        yield f"{name}: the counters were reset after the earlier reading, so they count from the reset on"
    for name in sorted(here.keys() - there.keys()):
        yield f"{name} is not in the earlier reading and was left out"
    for name in sorted(there.keys() - here.keys()):
        yield f"{name} is only in the earlier reading: its calls since then are unknown"
    for name in sorted(here.keys() & there.keys()):
        if here[name].evicted > there[name].evicted:
            yield f"{name}: pg_stat_statements discarded entries, so counts may be low; raise pg_stat_statements.max"
    if now.taken_at < before.taken_at:
        yield "the earlier reading has the later time: a clock was set back, or the files are in the wrong order"


def _places_by_name(counters: Counters) -> dict[str, CounterNode]:
    return {place.name: place for place in counters.places}


def merge_counters(readings: list[Counters]) -> Counters:
    """The counters of several places as one reading, such as those of each Kine of a cluster. Gauges are added."""
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
