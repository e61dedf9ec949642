"""Events of logs → a LogReading. Each process has one collector; they are merged."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinetune.kine.log_origin import find_oldest_kine
from kinetune.kine.releases import Version
from kinetune.kine.signals import BY_KIND, SIGNAL_KINDS
from kinetune.kine.start_failures import exclude_fixed_cause, is_start_failure
from kinetune.logs.line_reader import LogEvent
from kinetune.logs.ranking import Ranking
from kinetune.logs.running_counts import RunningCounts
from kinetune.model.hotspot import LoggedPlan, LoggedTrace, LogReading, Signal, SignalCount, SlowCall, Vantage

_PLANS_OF_CALL = 3
_MAX_PLANS = 60
"""A plan may have megabytes of text: this bounds the memory, and no report shows more."""


@dataclass
class _SignalTotal:
    """`first` and `last` in seconds since 1970 UTC; `example` is the text of the first."""

    count: int
    first: float
    last: float
    example: str


class EventCollector:
    """Keeps hotspots, signals by kind, and the three slowest plans of each query and resource (at most 60)."""

    def __init__(self) -> None:
        self.counts = RunningCounts()
        self.ranking = Ranking()
        self._planned = Ranking()
        self._traced: dict[str, Ranking] = {}
        self._signals: dict[str, _SignalTotal] = {}
        self._plans: dict[tuple[str, str], list[LoggedPlan]] = {}

    def add_events(self, events: Sequence[LogEvent]) -> None:
        # isinstance takes longer, and a log has a hundred thousand calls.
        calls = [event for event in events if type(event) is SlowCall]
        self.ranking.add_calls(calls)
        if len(calls) < len(events):
            for event in events:
                self._add_other(event)

    def _add_other(self, event: LogEvent) -> None:
        if isinstance(event, Signal):
            self._add_signal(event.kind, _SignalTotal(1, event.at, event.at, event.text))
        elif isinstance(event, LoggedPlan):
            self._planned.add_calls([SlowCall(*event[:4], "", *event[4:6], Vantage.SERVER_LOG)])
            self._keep_plan(event)
        elif isinstance(event, LoggedTrace):
            at, query, resource, key, took, source = event
            call = SlowCall(at, query, (), resource, key, took, source, Vantage.API_SERVER)
            self._traced.setdefault(event.source, Ranking()).add_calls([call])

    def _add_signal(self, kind: str, more: _SignalTotal) -> None:
        known = self._signals.get(kind)
        if known is None:
            self._signals[kind] = more
            return
        known.count += more.count
        known.first, known.example = min((known.first, known.example), (more.first, more.example))
        known.last = max(known.last, more.last)

    def _keep_plan(self, plan: LoggedPlan) -> None:
        call = (plan.query, plan.resource)
        if call in self._plans or len(self._plans) < _MAX_PLANS // _PLANS_OF_CALL:
            slowest = sorted([*self._plans.get(call, ()), plan], key=lambda kept: -kept.milliseconds)
            self._plans[call] = slowest[:_PLANS_OF_CALL]

    def merge(self, other: EventCollector) -> None:
        """Add what another process collected; `other` must not be used afterwards."""
        self.counts.merge(other.counts)
        self.ranking.merge(other.ranking)
        self._planned.merge(other._planned)
        for source, traced in other._traced.items():
            self._traced.setdefault(source, Ranking()).merge(traced)
        for kind, total in other._signals.items():
            self._add_signal(kind, total)
        for plans in other._plans.values():
            for plan in plans:
                self._keep_plan(plan)

    def to_reading(self) -> LogReading:
        """Everything collected so far. A live view calls it again and again, so it must not change the rankings."""
        ranking, traced = self.ranking, self._choose_traces()
        # auto_explain logs durations too. With log_min_duration_statement each call is in the log twice, so those of
        # auto_explain count as calls only if the server logged no others.
        planned = [self._planned] if len(self._planned) and not ranking.has_vantage(Vantage.SERVER_LOG) else []
        if planned or traced:
            ranking = Ranking()
            for part in (self.ranking, *planned, *traced):
                ranking.merge(copy.deepcopy(part))
        counts, found = self.counts.freeze(ranking.folded), sum(map(len, traced))
        ignored = sum(map(len, self._traced.values())) - found
        plans = (plan for kept in self._plans.values() for plan in kept)
        origin = self.counts.origin.freeze()
        oldest = find_oldest_kine(origin.releases)
        return LogReading(
            hotspots=ranking.hotspots(),
            signals=tuple(_count_signal(kind, self._signals[kind], oldest) for kind in _sort_kinds(self._signals)),
            plans=tuple(sorted(plans, key=lambda plan: -plan.milliseconds)),
            heat=ranking.heat(),
            slot_seconds=ranking.slot_seconds,
            counts=replace(counts, calls=counts.calls + found, passing=counts.passing + ignored),
            origin=origin,
        )

    def _choose_traces(self) -> list[Ranking]:
        """
        The API server's traces, where they are the only times. In a log with Slow SQL lines they are the same calls.
        """
        logged = self.counts.origin.slow_sql_sources
        return [traced for source, traced in self._traced.items() if source not in logged]


def _sort_kinds(kinds: dict[str, _SignalTotal]) -> list[str]:
    """The most serious first: the order of kine/signals.py."""
    places = {known.kind: at for at, known in enumerate(SIGNAL_KINDS)}
    return sorted(kinds, key=lambda kind: places.get(kind, len(places)))


def _count_signal(kind: str, total: _SignalTotal, oldest: Version) -> SignalCount:
    known = exclude_fixed_cause(BY_KIND[kind], total.example, oldest)
    return SignalCount(
        known.kind,
        known.words,
        known.rule,
        total.count,
        total.first,
        total.last,
        total.example,
        known.cause,
        known.fix,
        known.releases,
        is_start_failure(known.kind),
    )
