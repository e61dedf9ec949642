"""Profiles compared on the same rows: which is best at each call, and which is best overall."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from kinetune.formatting import format_list, format_number, format_percent
from kinetune.model.workload import ExplainRun, MeasuredCall
from kinetune.plans.reads import pages_read

NEAR_SHARE = 0.05
"""A profile within this share above the best counts as equally good."""
LEAST_BLOCKS = 8
NOTABLE_MS, NOTABLE_TIMES = 10.0, 3.0
"""So much more time counts even if the work is equal: not all work of a storage is counted."""
LEAST_REQUESTS = 1
"""One index level or one page more in a few scans is not a difference between schemas."""


@dataclass(frozen=True)
class PlanCost:
    """
    The cost of the plan that the server uses in the long run. `work` is in shared blocks; on YugabyteDB in storage
    requests, including those that would be needed to send the rows that the storage only reads.
    """

    milliseconds: float
    work: int


@dataclass(frozen=True)
class ProfileRun:
    """A profile and the costs of its calls; `custom` if its settings make the server plan every call."""

    profile: str
    calls: tuple[MeasuredCall, ...]
    index_bytes: int | None = None
    custom: bool = False

    def cost(self, scenario: str) -> PlanCost | None:
        one = next((one for one in self.calls if one.call.scenario == scenario), None)
        if one is None or one.plan is None:
            return None
        # After five executions a connection of Kine uses the generic plan, so its cost decides.
        is_generic = bool(one.generic_chosen and one.generic and not self.custom)
        plan = one.generic if is_generic and one.generic else one.plan
        requests = pages_read(plan, one.page)
        work = requests if requests is not None else plan.blocks
        return None if work is None else PlanCost(plan.execution_ms or 0.0, work)


@dataclass(frozen=True)
class ProfileComparison:
    """The store, and the calls of each profile on copies of `rows` of its rows, of `of` in total."""

    store: ExplainRun
    profiles: tuple[ProfileRun, ...]
    rows: int
    of: int


@dataclass(frozen=True)
class CallCosts:
    """A call: the cost of each profile (None: it failed), its share above the least work, and the best profiles."""

    scenario: str
    words: str
    costs: Mapping[str, PlanCost | None]
    above: Mapping[str, float]

    @property
    def best(self) -> tuple[str, ...]:
        return tuple(profile for profile, above in self.above.items() if above == 0.0)


@dataclass(frozen=True)
class ProfileRanking:
    """
    `worst` is, for each profile, the largest share above the best and the call that has it; `by_size` is whether the
    winner is equal to another profile except for its smaller indexes.
    """

    rows: tuple[CallCosts, ...]
    worst: Mapping[str, tuple[float, str]]
    winner: str
    unit: str
    by_size: bool = False


def rank_profiles(entries: tuple[ProfileRun, ...]) -> ProfileRanking:
    """
    The winner has the smallest worst share; of equal ones the smallest sum, then the smallest indexes, then the first.

    Work is compared because it is the same in every run on the same rows. More work that takes no more time is ignored:
    reading all of a small table needs few blocks and much computing.
    """
    rows = tuple(_call_costs(entries, one) for one in entries[0].calls)
    worst = {entry.profile: max((row.above[entry.profile], row.words) for row in rows) for entry in entries}
    sums = {entry.profile: sum(row.above[entry.profile] for row in rows) for entry in entries}
    sizes = {entry.profile: entry.index_bytes or 0 for entry in entries}
    # Rounded, so that differences within the noise do not outweigh the size of the indexes.
    reads = {name: (_ignore_near(worst[name][0]), round(sums[name], 2)) for name in sums}
    winner, *others = sorted(sums, key=lambda name: (reads[name], sizes[name]))
    by_size = any(reads[name] == reads[winner] and sizes[name] > sizes[winner] > 0 for name in others)
    return ProfileRanking(rows, worst, winner, "requests" if _counts_requests(entries) else "blocks", by_size)


def _ignore_near(above: float) -> float:
    return 0.0 if above <= NEAR_SHARE else above


def _counts_requests(entries: tuple[ProfileRun, ...]) -> bool:
    return any(one.plan and one.plan.requests is not None for entry in entries for one in entry.calls)


def _call_costs(entries: tuple[ProfileRun, ...], one: MeasuredCall) -> CallCosts:
    least = LEAST_REQUESTS if _counts_requests(entries) else LEAST_BLOCKS
    costs = {entry.profile: entry.cost(one.call.scenario) for entry in entries}
    best = min((cost for cost in costs.values() if cost), key=lambda cost: (cost.work, cost.milliseconds), default=None)
    above = {name: _share_above(cost, best, least) for name, cost in costs.items()}
    return CallCosts(one.call.scenario, one.call.words, costs, above)


def _share_above(cost: PlanCost | None, best: PlanCost | None, least: int) -> float:
    # A call that failed or timed out is worse than any other result.
    if cost is None or best is None:
        return math.inf
    # Much more time counts even with equal work; see NOTABLE_MS.
    times = cost.milliseconds / best.milliseconds if best.milliseconds else 1.0
    if times >= NOTABLE_TIMES and cost.milliseconds - best.milliseconds >= NOTABLE_MS:
        return max(times, cost.work / max(best.work, 1)) - 1
    # More work without more time is not a disadvantage: a small table is read sequentially.
    is_as_good = cost.work - best.work <= least or cost.milliseconds <= best.milliseconds
    return 0.0 if is_as_good else cost.work / max(best.work, 1) - 1


def summarise_ranking(found: ProfileRanking) -> str:
    """
    `Recommended: tuned. tuned is within 5 % of the lowest number of blocks; article needs up to 44 % more than the
    best (list …).`
    """
    profiles: dict[str, list[str]] = {}
    for profile in sorted(found.worst, key=lambda name: (name != found.winner, found.worst[name][0])):
        profiles.setdefault(_describe_worst(*found.worst[profile], found.unit), []).append(profile)
    results = [f"{format_list(names)} {_conjugate(result, len(names))}" for result, names in profiles.items()]
    if found.by_size:
        results.append(f"the indexes of {found.winner} are smaller")
    return f"Recommended: {found.winner}. {'; '.join(results)}."


def _describe_worst(above: float, words: str, unit: str) -> str:
    """For several profiles, see _conjugate."""
    if math.isinf(above):
        return f"could not answer in time ({words})"
    if above <= NEAR_SHARE:
        return f"is within {format_percent(NEAR_SHARE, 1)} of the lowest number of {unit}"
    if above < 1:
        return f"needs up to {format_percent(above, 1)} more than the best ({words})"
    return f"needs up to {format_number(above + 1)} times as much as the best ({words})"


def _conjugate(result: str, count: int) -> str:
    return result if count == 1 else re.sub("^is ", "are ", re.sub("^needs ", "need ", result))
