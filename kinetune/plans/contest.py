"""Profiles side by side on the same rows: who is best at which call, and what that comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from kinetune.model.workload import Measured
from kinetune.plans.least import pages_read
from kinetune.plans.numbers import count

NEAR = 0.05
"""So far above the best is as good as the best."""
LEAST_BLOCKS = 8
FELT_MS, FELT_TIMES = 10.0, 3.0
"""So much longer counts whatever the work: some of what a storage does shows in no counter."""
LEAST_REQUESTS = 1
"""One deeper level in each of a few scans, one page more: not a difference between schemas."""


@dataclass(frozen=True)
class Cost:
    """
    Of the plan that the server would settle for. `work` is shared blocks; on YugabyteDB storage requests, and the
    pages of what the storage reads without sending it.
    """

    milliseconds: float
    work: int


@dataclass(frozen=True)
class Entry:
    """A profile and what its calls cost; `custom` where it has the server plan anew for every call."""

    profile: str
    calls: tuple[Measured, ...]
    index_bytes: int | None = None
    custom: bool = False

    def cost(self, scenario: str) -> Cost | None:
        one = next((one for one in self.calls if one.call.scenario == scenario), None)
        if one is None or one.plan is None:
            return None
        is_generic = bool(one.generic_chosen and one.generic and not self.custom)
        plan = one.generic if is_generic and one.generic else one.plan
        requests = pages_read(plan, one.page)
        work = requests if requests is not None else plan.blocks
        return None if work is None else Cost(plan.execution_ms or 0.0, work)


@dataclass(frozen=True)
class Row:
    """A call: each profile's cost (None: it failed), its share above the least work, and who is best."""

    scenario: str
    words: str
    costs: Mapping[str, Cost | None]
    above: Mapping[str, float]

    @property
    def best(self) -> tuple[str, ...]:
        return tuple(profile for profile, above in self.above.items() if above == 0.0)


@dataclass(frozen=True)
class Contest:
    """
    `worst` is, for each profile, the call it does worst against the best, and by what share; `by_size` whether the
    winner reads like another one and has smaller indexes.
    """

    rows: tuple[Row, ...]
    worst: Mapping[str, tuple[float, str]]
    winner: str
    unit: str
    by_size: bool = False


def contest(entries: tuple[Entry, ...]) -> Contest:
    """
    The winner does least badly where it is worst; then in sum; then by the size of its indexes; then by being first.

    Counted is work, which is the same in every run on the same rows; but more work that takes no more time is none:
    a small table is read whole with few blocks and much computing.
    """
    rows = tuple(_row(entries, one) for one in entries[0].calls)
    worst = {entry.profile: max((row.above[entry.profile], row.words) for row in rows) for entry in entries}
    sums = {entry.profile: sum(row.above[entry.profile] for row in rows) for entry in entries}
    sizes = {entry.profile: entry.index_bytes or 0 for entry in entries}
    reads = {name: (_rounded(worst[name][0]), round(sums[name], 2)) for name in sums}
    winner, *others = sorted(sums, key=lambda name: (reads[name], sizes[name]))
    by_size = any(reads[name] == reads[winner] and sizes[name] > sizes[winner] > 0 for name in others)
    return Contest(rows, worst, winner, "requests" if _counts_requests(entries) else "blocks", by_size)


def _rounded(above: float) -> float:
    return 0.0 if above <= NEAR else above


def _counts_requests(entries: tuple[Entry, ...]) -> bool:
    return any(one.plan and one.plan.requests is not None for entry in entries for one in entry.calls)


def _row(entries: tuple[Entry, ...], one: Measured) -> Row:
    least = LEAST_REQUESTS if _counts_requests(entries) else LEAST_BLOCKS
    costs = {entry.profile: entry.cost(one.call.scenario) for entry in entries}
    best = min((cost for cost in costs.values() if cost), key=lambda cost: (cost.work, cost.milliseconds), default=None)
    above = {name: _above(cost, best, least) for name, cost in costs.items()}
    return Row(one.call.scenario, one.call.words, costs, above)


def _above(cost: Cost | None, best: Cost | None, least: int) -> float:
    if cost is None or best is None:
        return math.inf
    times = cost.milliseconds / best.milliseconds if best.milliseconds else 1.0
    if times >= FELT_TIMES and cost.milliseconds - best.milliseconds >= FELT_MS:
        return max(times, cost.work / max(best.work, 1)) - 1
    is_as_good = cost.work - best.work <= least or cost.milliseconds <= best.milliseconds
    return 0.0 if is_as_good else cost.work / max(best.work, 1) - 1


def verdict(found: Contest) -> str:
    """'By blocks, tuned is never more than 5% above the best; article takes up to 44% more than the best (list …)'."""
    said: dict[str, list[str]] = {}
    for profile in sorted(found.worst, key=lambda name: (name != found.winner, found.worst[name][0])):
        said.setdefault(_said(*found.worst[profile]), []).append(profile)
    tie = f"; {found.winner} by its smaller indexes" if found.by_size else ""
    return f"By {found.unit}, " + "; ".join(f"{_listed(names)} {what}" for what, names in said.items()) + tie


def _listed(names: list[str]) -> str:
    """'tuned, article and stock'."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _said(above: float, words: str) -> str:
    """Without a verb in the singular: several profiles may share it."""
    if math.isinf(above):
        return f"could not answer in time ({words})"
    if above <= NEAR:
        return f"never took more than {NEAR:.0%} above the best"
    return f"took up to {_times(above)} ({words})"


def _times(above: float) -> str:
    return f"{above:.0%} more than the best" if above < 1 else f"{count(above + 1)} times the best"
