from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.workload import Explained, Measured
from kinetune.plans.compare import Comparison, compare
from kinetune.plans.measure import measured
from kinetune.plans.numbers import counted, milliseconds
from kinetune.rules.evidence import Limits
from kinetune.rules.rule import rule
from kinetune.rules.words import in_words, work


@rule("KT305", Severity.ERROR)
def slower_than_before(
    calls: tuple[Measured, ...], before: Explained, limits: Limits, facts: Facts
) -> Iterator[Remark]:
    """
    No hot query costs more than in the saved run.

    Why it matters
        An upgrade of Kine, of K3s or of the server, a dropped index, or a year of growth: each shows first as a query
        that reads more than it did. The gate notices before the cluster does.

    What to do
        kinetune explain --against FILE shows both plans. A cost that is meant is accepted with a new run:
        kinetune explain --save FILE.

    When to ignore
        The saved run is of another machine or of other data. Where only the time grew and the work and the plan are
        as they were, it is a warning: the machine was busy, more likely than not.

    Source
        The saved run, and EXPLAIN on this store. Worse is: a quarter more time or work ([check.limits] tolerance), and
        enough of it to be no chance: a millisecond and more, 64 blocks or 4 storage requests.
    """
    failed = () if isinstance(facts.recordings, Unknown) else facts.recordings
    after = replace(before, calls=(*calls, *(measured(one) for one in failed if one.failed)))
    for comparison in compare(before, after, limits.tolerance):
        if comparison.verdict == "worse" and comparison.before and comparison.after:
            yield Remark(
                on=comparison.scenario,
                says=f"{in_words(comparison.after)}: {_grown(comparison.before, comparison.after)}{_why(comparison)}",
                do=f"kinetune explain --query {comparison.scenario} --tree --against FILE",
                severity=Severity.WARNING if _is_time_alone(comparison, limits) else None,
            )


def _grown(old: Measured, new: Measured) -> str:
    """`26 → 4,022 storage requests, 0.9 ms → 4,831 ms`, or why it fails now."""
    if new.failed:
        return f"worked before, now: {new.failed}"
    figures = []
    amounts = work(old), work(new)
    if amounts[0] and amounts[1] and amounts[0][1] == amounts[1][1]:
        figures.append(f"{amounts[0][0]:,} → {counted(*amounts[1])}")
    if old.milliseconds is not None and new.milliseconds is not None:
        figures.append(f"{milliseconds(old.milliseconds)} → {milliseconds(new.milliseconds)}")
    return ", ".join(figures)


def _why(comparison: Comparison) -> str:
    """The way to the rows that changed says more than the join above it."""
    scans = [line for line in comparison.differences if " Scan" in line and "->" in line]
    return f" ({(scans or comparison.differences)[0]})" if comparison.differences else ""


def _is_time_alone(comparison: Comparison, limits: Limits) -> bool:
    ratio = comparison.work_ratio
    return ratio is not None and ratio <= 1 + limits.tolerance and not comparison.differences
