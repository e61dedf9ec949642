"""Events → a Reading. One a process; several are merged."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass

from kinetune.kine.signals import BY_KIND, SIGNS
from kinetune.logs.ranking import Ranking
from kinetune.logs.scan import Event
from kinetune.logs.tally import Tally
from kinetune.model.hotspot import Reading, SeenPlan, Signal, SignalCount, SlowCall, Vantage

_PLANS_EACH = 3
_PLANS = 60


@dataclass
class _Told:
    count: int
    first: float
    last: float
    example: str


class Ledger:
    """Keeps hotspots, signals by kind, and of each query and resource the three slowest plans (at most 60)."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.ranking = Ranking()
        self._planned = Ranking()
        self._signals: dict[str, _Told] = {}
        self._plans: dict[tuple[str, str], list[SeenPlan]] = {}

    def take(self, events: Iterable[Event]) -> None:
        add = self.ranking.add
        for event in events:
            if type(event) is SlowCall:
                add(event)
            else:
                self._other(event)

    def _other(self, event: Event) -> None:
        if isinstance(event, Signal):
            self._tell(event.kind, _Told(1, event.at, event.at, event.text))
        elif isinstance(event, SeenPlan):
            self._planned.add(SlowCall(*event[:4], "", *event[4:6], Vantage.SERVER))
            self._keep(event)

    def _tell(self, kind: str, more: _Told) -> None:
        known = self._signals.get(kind)
        if known is None:
            self._signals[kind] = more
            return
        known.count += more.count
        known.first, known.example = min((known.first, known.example), (more.first, more.example))
        known.last = max(known.last, more.last)

    def _keep(self, plan: SeenPlan) -> None:
        place = (plan.query, plan.resource)
        if place in self._plans or len(self._plans) < _PLANS // _PLANS_EACH:
            slowest = sorted([*self._plans.get(place, ()), plan], key=lambda one: -one.milliseconds)
            self._plans[place] = slowest[:_PLANS_EACH]

    def merge(self, other: Ledger) -> None:
        self.tally.merge(other.tally)
        self.ranking.merge(other.ranking)
        self._planned.merge(other._planned)
        for kind, told in other._signals.items():
            self._tell(kind, told)
        for plans in other._plans.values():
            for plan in plans:
                self._keep(plan)

    def reading(self) -> Reading:
        """
        What is known so far. auto_explain's durations count as calls only where the server logged no others: with
        both on, it logs each call twice.
        """
        ranking = self.ranking
        if len(self._planned) and not ranking.holds(Vantage.SERVER):
            ranking = Ranking()
            ranking.merge(copy.deepcopy(self.ranking))
            ranking.merge(copy.deepcopy(self._planned))
        plans = sorted((one for kept in self._plans.values() for one in kept), key=lambda one: -one.milliseconds)
        return Reading(
            hotspots=ranking.hotspots(),
            signals=tuple(_counted(kind, self._signals[kind]) for kind in _order(self._signals)),
            plans=tuple(plans),
            heat=ranking.heat(),
            slot_seconds=ranking.slot_seconds,
            counts=self.tally.counts(ranking.folded),
        )


def _order(kinds: dict[str, _Told]) -> list[str]:
    """The weightiest first, as kine/signals has them."""
    places = {sign.kind: at for at, sign in enumerate(SIGNS)}
    return sorted(kinds, key=lambda kind: places.get(kind, len(places)))


def _counted(kind: str, told: _Told) -> SignalCount:
    sign = BY_KIND[kind]
    return SignalCount(kind, sign.words, sign.rule, told.count, told.first, told.last, told.example)
