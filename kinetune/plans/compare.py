"""Two runs of the same calls compared: which became better or worse, and how their plans differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal

from kinetune.formatting import format_number
from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.model.workload import ExplainRun, MeasuredCall
from kinetune.plans.nodes import access_name, node_title, source_name

Trend = Literal["better", "same", "worse", "new", "gone"]
Scenario = tuple[str, int]

LEAST_MS = 1.0  # differences below a millisecond are noise
# With the same plan and work, a few milliseconds more are caused by the machine (measured: 4.4 and 6.5 ms).
LEAST_STEADY_MS = 10.0
LEAST_BLOCKS = 64  # half a megabyte in memory: an index level more or a page split in each of a few scans
LEAST_REQUESTS = 4  # a page of 1,024 rows more, or a tablet more, in each of a few scans
NOTABLE = 2.0  # the same node is reported if its figures doubled
NOTABLE_ROWS = 100
JOINS = ("Nested Loop", "Hash Join", "Merge Join", "YB Batched Nested Loop")
INCIDENTAL = ("Limit", "Result", "Hash", "Subquery Scan", "Materialize")  # they appear and disappear with other nodes


@dataclass(frozen=True)
class CallComparison:
    """
    One scenario in two runs. Ratios are after over before, None where one of the two is unknown or zero.

    `work_ratio` is of storage read requests where both runs count them, else of shared blocks.
    """

    scenario: str
    words: str
    before: MeasuredCall | None
    after: MeasuredCall | None
    time_ratio: float | None
    work_ratio: float | None
    trend: Trend
    differences: tuple[str, ...]


@dataclass(frozen=True)
class RunComparison:
    """Two runs and each call of both. With `settings`, the second run is the first one repeated under them."""

    before: ExplainRun
    after: ExplainRun
    calls: tuple[CallComparison, ...]
    tolerance: float = 0.25
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FigureGrowth:
    """A figure in both runs, and the absolute growth that is too small to count."""

    before: float
    after: float
    least: float

    @property
    def ratio(self) -> float | None:
        return self.after / self.before if self.before > 0 else None

    def grew(self, tolerance: float) -> bool:
        return self.after > self.before * (1 + tolerance) and self.after - self.before > self.least

    def shrank(self, tolerance: float) -> bool:
        return FigureGrowth(self.after, self.before, self.least).grew(tolerance)


def compare_runs(before: ExplainRun, after: ExplainRun, tolerance: float) -> tuple[CallComparison, ...]:
    """
    The scenarios of both runs, in the order of `after`, then those that only `before` has.

    Worse: the time grew by more than the tolerance (0.25 = 25 %) and by more than a millisecond (ten if plan and work
    are the same), or the call fails now. Better: the opposite. If the time did neither, the work decides, from 64
    blocks or 4 requests on: on a small store it grows before the time does.

    Noise: work is counted, not timed; with unchanged data and statistics two runs differ by a few blocks. Times are
    medians of runs on a warm cache and still vary by a third on a busy machine: compare runs of one machine, with a
    tolerance above its own variation.
    """
    old, new = _by_scenario(before.calls), _by_scenario(after.calls)
    order = [*new, *(key for key in old if key not in new)]
    return tuple(_compare_call(old.get(key), new.get(key), tolerance) for key in order)


def _by_scenario(calls: Iterable[MeasuredCall]) -> dict[Scenario, MeasuredCall]:
    """By scenario and its number in the run: of a scenario that occurs twice, the first is compared with the first."""
    # hotspots --explain puts one call with several arguments into one run.
    seen: Counter[str] = Counter()
    found = {}
    for measured in calls:
        name = measured.call.scenario
        found[name, seen[name]] = measured
        seen[name] += 1
    return found


def _compare_call(before: MeasuredCall | None, after: MeasuredCall | None, tolerance: float) -> CallComparison:
    # The words of the newer run: its number of objects is the current one.
    call = (after or before).call  # type: ignore[union-attr]  # a key comes from one of the two
    plans = (before and before.plan, after and after.plan)
    changed = plan_differences(plans[0], plans[1]) if plans[0] and plans[1] else ()
    work = _compare_work(before, after)
    # With the same plan and work, only a clear difference in time is attributed to the database.
    is_steady = work is not None and not changed and not (work.grew(tolerance) or work.shrank(tolerance))
    time = _compare_times(before, after, LEAST_STEADY_MS if is_steady else LEAST_MS)
    return CallComparison(
        scenario=call.scenario,
        words=call.words,
        before=before,
        after=after,
        time_ratio=time.ratio if time else None,
        work_ratio=work.ratio if work else None,
        trend=_trend_without_figures(before, after)
        or _trend_of([amount for amount in (time, work) if amount], tolerance),
        differences=changed,
    )


def _trend_without_figures(before: MeasuredCall | None, after: MeasuredCall | None) -> Trend | None:
    """The trend of a call that only one run has, or that failed in one of them; None for any other call."""
    if before is None:
        return "new"
    if after is None:
        return "gone"
    if bool(before.failed) != bool(after.failed):
        return "worse" if after.failed else "better"
    return None


def _trend_of(amounts: list[FigureGrowth], tolerance: float) -> Trend:
    """By time if it changed, else by work."""
    for amount in amounts:
        if amount.grew(tolerance):
            return "worse"
        if amount.shrank(tolerance):
            return "better"
    return "same"


def _compare_times(before: MeasuredCall | None, after: MeasuredCall | None, least: float) -> FigureGrowth | None:
    if not before or not after or before.milliseconds is None or after.milliseconds is None:
        return None
    return FigureGrowth(before.milliseconds, after.milliseconds, least)


def _compare_work(before: MeasuredCall | None, after: MeasuredCall | None) -> FigureGrowth | None:
    """Requests if both runs count them, else blocks if both do; None for PostgreSQL compared with YugabyteDB."""
    if not before or not after or not before.plan or not after.plan:
        return None
    old, new = before.plan, after.plan
    if old.requests is not None and new.requests is not None:
        return FigureGrowth(old.requests, new.requests, LEAST_REQUESTS)
    if old.requests is None and new.requests is None and old.blocks is not None and new.blocks is not None:
        return FigureGrowth(old.blocks, new.blocks, LEAST_BLOCKS)
    return None


def plan_differences(before: QueryPlan, after: QueryPlan) -> tuple[str, ...]:
    """
    What changed in the plan, in short sentences; empty for the same plan with similar figures.

    Equal nodes are matched in the order of EXPLAIN; of the others, scans of the same table are pairs, and so are joins.
    """
    old, new = list(before.nodes()), list(after.nodes())
    # autojunk would ignore nodes that occur often, such as CTE Scan on mkv.
    matcher = SequenceMatcher(
        a=[_node_identity(node) for node in old], b=[_node_identity(node) for node in new], autojunk=False
    )
    sentences: list[str] = []
    gone: list[PlanNode] = []
    come: list[PlanNode] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            sentences += [line for a, b in zip(old[i:j], new[k:m], strict=True) if (line := _same_node_changes(a, b))]
        else:
            gone, come = gone + old[i:j], come + new[k:m]
    # A change of several equal scans, for example of partitions, is one sentence.
    return tuple(dict.fromkeys([*_replaced_nodes(gone, come), *sentences]))


def _node_identity(node: PlanNode) -> tuple[str, str | None]:
    return node_title(node), source_name(node)


def _same_node_changes(before: PlanNode, after: PlanNode) -> str:
    changes = ", ".join(_changed_figures(before, after))
    return f"{node_title(before)}: {changes}" if changes else ""


def _replaced_nodes(gone: list[PlanNode], come: list[PlanNode]) -> Iterator[str]:
    """Scans of the same table are pairs, and so are joins; the other nodes were removed or are new."""
    rest = list(come)
    for node in gone:
        partner = next((other for other in rest if _is_pair(node, other)), None)
        if partner is not None:
            rest.remove(partner)
            yield ", ".join([f"{node_title(node)} -> {access_name(partner)}", *_changed_figures(node, partner)])
        elif node.kind not in INCIDENTAL:
            yield f"{node_title(node)} -> removed"
    yield from (f"new: {node_title(node)}" for node in rest if node.kind not in INCIDENTAL)


def _is_pair(node: PlanNode, other: PlanNode) -> bool:
    if source_name(node) or source_name(other):
        return source_name(node) == source_name(other)
    return node.kind in JOINS and other.kind in JOINS


def _changed_figures(before: PlanNode, after: PlanNode) -> Iterator[str]:
    figures = (
        ("rows", before.rows, after.rows, NOTABLE_ROWS),
        ("blocks", before.own_blocks, after.own_blocks, LEAST_BLOCKS),
        ("requests", before.requests, after.requests, LEAST_REQUESTS),
    )
    for unit, old, new, least in figures:
        if old is not None and new is not None and _is_notable(FigureGrowth(old, new, least)):
            yield f"{format_number(old)} -> {format_number(new)} {unit}"


def _is_notable(amount: FigureGrowth) -> bool:
    return amount.grew(NOTABLE - 1) or amount.shrank(NOTABLE - 1)
