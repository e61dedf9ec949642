"""Two runs of the same calls side by side: what became better, what became worse, and by which plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from kinetune.model.plan import Node, Plan
from kinetune.model.workload import Explained, Measured
from kinetune.plans.names import access, source, title
from kinetune.plans.numbers import count

Verdict = Literal["better", "same", "worse", "new", "gone"]
Scenario = tuple[str, int]

LEAST_MS = 1.0  # below a millisecond the clock, not the plan, decides
LEAST_STEADY_MS = 10.0  # same plan, same work: two milliseconds more are the machine's (measured: 4.4 and 6.5 ms)
LEAST_BLOCKS = 64  # half a megabyte from memory: one deeper index level or a page split in each of a few scans
LEAST_REQUESTS = 4  # one more page of 1,024 rows, or one more tablet, on each of a few scans
NOTABLE = 2.0  # a node that does the same thing is worth a sentence when it does it twice as much
NOTABLE_ROWS = 100
JOINS = ("Nested Loop", "Hash Join", "Merge Join", "YB Batched Nested Loop")
INCIDENTAL = ("Limit", "Result", "Hash", "Subquery Scan", "Materialize")  # they come and go with their neighbours


@dataclass(frozen=True)
class Comparison:
    """
    One scenario in two runs. Ratios are after over before, None where one of the two is unknown or zero.

    `work_ratio` is of storage read requests where both runs count them, else of shared blocks.
    """

    scenario: str
    words: str
    before: Measured | None
    after: Measured | None
    time_ratio: float | None
    work_ratio: float | None
    verdict: Verdict
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Amount:
    """A figure of both runs, and the growth that is too small to speak of."""

    before: float
    after: float
    least: float

    @property
    def ratio(self) -> float | None:
        return self.after / self.before if self.before > 0 else None

    def grew(self, tolerance: float) -> bool:
        return self.after > self.before * (1 + tolerance) and self.after - self.before > self.least

    def shrank(self, tolerance: float) -> bool:
        return Amount(self.after, self.before, self.least).grew(tolerance)


def compare(before: Explained, after: Explained, tolerance: float) -> tuple[Comparison, ...]:
    """
    The scenarios of both runs, in the order of `after`, then those that are gone.

    Worse: the time grew by more than the tolerance (0.25 is a quarter) and a millisecond (ten where plan and work are
    the same), or the call fails now. Better: the same, the other way round. Where the time did neither, the work
    decides, from 64 blocks or 4 requests on: on a small store it grows before the time does.

    Noise: work is counted, not timed; on unchanged data and statistics two runs differ by a few blocks. Times are
    medians of the runs on a warm cache and still move by a third on a busy machine: compare runs of one machine, and
    give a tolerance above its own spread.
    """
    old, new = _by_scenario(before.calls), _by_scenario(after.calls)
    order = [*new, *(key for key in old if key not in new)]
    return tuple(_comparison(old.get(key), new.get(key), tolerance) for key in order)


def _by_scenario(calls: Iterable[Measured]) -> dict[Scenario, Measured]:
    """By scenario and its number in the run: a name that comes twice is matched first to first, second to second."""
    seen: Counter[str] = Counter()
    found = {}
    for measured in calls:
        name = measured.call.scenario
        found[name, seen[name]] = measured
        seen[name] += 1
    return found


def _comparison(before: Measured | None, after: Measured | None, tolerance: float) -> Comparison:
    call = (after or before).call  # type: ignore[union-attr]  # a key comes from one of the two
    plans = (before and before.plan, after and after.plan)
    changed = differences(plans[0], plans[1]) if plans[0] and plans[1] else ()
    work = _work(before, after)
    is_steady = work is not None and not changed and not (work.grew(tolerance) or work.shrank(tolerance))
    time = _time(before, after, LEAST_STEADY_MS if is_steady else LEAST_MS)
    return Comparison(
        scenario=call.scenario,
        words=call.words,
        before=before,
        after=after,
        time_ratio=time.ratio if time else None,
        work_ratio=work.ratio if work else None,
        verdict=_presence(before, after) or _verdict([amount for amount in (time, work) if amount], tolerance),
        differences=changed,
    )


def _presence(before: Measured | None, after: Measured | None) -> Verdict | None:
    """The verdict where there is nothing to measure against: a call that is new, gone, fails or fails no more."""
    if before is None:
        return "new"
    if after is None:
        return "gone"
    if bool(before.failed) != bool(after.failed):
        return "worse" if after.failed else "better"
    return None


def _verdict(amounts: list[Amount], tolerance: float) -> Verdict:
    """The time decides, where it is known to have changed; else the work."""
    for amount in amounts:
        if amount.grew(tolerance):
            return "worse"
        if amount.shrank(tolerance):
            return "better"
    return "same"


def _time(before: Measured | None, after: Measured | None, least: float) -> Amount | None:
    if not before or not after or before.milliseconds is None or after.milliseconds is None:
        return None
    return Amount(before.milliseconds, after.milliseconds, least)


def _work(before: Measured | None, after: Measured | None) -> Amount | None:
    """Requests if both count them, else blocks if both do; a PostgreSQL beside a YugabyteDB has nothing in common."""
    if not before or not after or not before.plan or not after.plan:
        return None
    old, new = before.plan, after.plan
    if old.requests is not None and new.requests is not None:
        return Amount(old.requests, new.requests, LEAST_REQUESTS)
    if old.requests is None and new.requests is None and old.blocks is not None and new.blocks is not None:
        return Amount(old.blocks, new.blocks, LEAST_BLOCKS)
    return None


def differences(before: Plan, after: Plan) -> tuple[str, ...]:
    """
    What changed in the plan, in short sentences; empty for the same plan doing about the same.

    Nodes are set side by side in the order of EXPLAIN; of the others, scans of the same table and joins are pairs.
    """
    old, new = list(before.nodes()), list(after.nodes())
    matcher = SequenceMatcher(a=[_identity(node) for node in old], b=[_identity(node) for node in new], autojunk=False)
    sentences: list[str] = []
    gone: list[Node] = []
    come: list[Node] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            sentences += [line for a, b in zip(old[i:j], new[k:m], strict=True) if (line := _same(a, b))]
        else:
            gone, come = gone + old[i:j], come + new[k:m]
    return tuple(dict.fromkeys([*_replaced(gone, come), *sentences]))


def _identity(node: Node) -> tuple[str, str | None]:
    return title(node), source(node)


def _same(before: Node, after: Node) -> str:
    changes = ", ".join(_figures(before, after))
    return f"{title(before)}: {changes}" if changes else ""


def _replaced(gone: list[Node], come: list[Node]) -> Iterator[str]:
    """Scans of the same table are pairs, and so are joins; what is left over has gone or come."""
    rest = list(come)
    for node in gone:
        partner = next((other for other in rest if _is_pair(node, other)), None)
        if partner is not None:
            rest.remove(partner)
            yield ", ".join([f"{title(node)} -> {access(partner)}", *_figures(node, partner)])
        elif node.kind not in INCIDENTAL:
            yield f"{title(node)} -> gone"
    yield from (f"new: {title(node)}" for node in rest if node.kind not in INCIDENTAL)


def _is_pair(node: Node, other: Node) -> bool:
    if source(node) or source(other):
        return source(node) == source(other)
    return node.kind in JOINS and other.kind in JOINS


def _figures(before: Node, after: Node) -> Iterator[str]:
    figures = (
        ("rows", before.rows, after.rows, NOTABLE_ROWS),
        ("blocks", before.own_blocks, after.own_blocks, LEAST_BLOCKS),
        ("requests", before.requests, after.requests, LEAST_REQUESTS),
    )
    for unit, old, new, least in figures:
        if old is not None and new is not None and _is_notable(Amount(old, new, least)):
            yield f"{count(old)} -> {count(new)} {unit}"


def _is_notable(amount: Amount) -> bool:
    return amount.grew(NOTABLE - 1) or amount.shrank(NOTABLE - 1)
