from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.formatting import format_count, format_duration
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.model.workload import ExplainRun, MeasuredCall
from kinetune.plans.compare import CallComparison, compare_runs
from kinetune.plans.measure import measure_call
from kinetune.rules.calls import describe_call, measure_work
from kinetune.rules.context import Limits
from kinetune.rules.rule import rule


@rule("KT305", Severity.ERROR)
def query_regression(
    calls: tuple[MeasuredCall, ...], before: ExplainRun, limits: Limits, facts: Facts
) -> Iterator[Remark]:
    """
    A frequent query costs more than in the saved run.

    Why it matters
        An upgrade of Kine, K3s or the server, a dropped index, or a year of growth first becomes visible as a query
        that reads more than before. The check reports it before the cluster slows down.

    What to do
        kinetune explain --against FILE shows both plans. To accept the new cost, save a new run: kinetune explain
        --save FILE.

    When to ignore
        The saved run is from another machine or from other data. If only the time increased, and work and plan are
        unchanged, the severity is warning: probably the machine was busy.

    Source
        The saved run, and EXPLAIN on this store. A regression is at least 25 % more time or work ([check.limits]
        tolerance), and at least 1 ms, 64 blocks or 4 storage requests.
    """
    failed = () if isinstance(facts.recordings, Unknown) else facts.recordings
    # Failed calls have no plan and are missing in `calls`, but a call that fails now is a regression.
    after = replace(before, calls=(*calls, *(measure_call(one) for one in failed if one.failed)))
    for comparison in compare_runs(before, after, limits.tolerance):
        if comparison.trend == "worse" and comparison.before and comparison.after:
            yield Remark(
                on=comparison.scenario,
                says=f"{describe_call(comparison.after)}: "
                f"{_describe_change(comparison.before, comparison.after)}{_describe_plan_change(comparison)}",
                do=f"kinetune explain --query {comparison.scenario} --tree --against FILE",
                severity=Severity.WARNING if _only_time_changed(comparison, limits) else None,
            )


def _describe_change(old: MeasuredCall, new: MeasuredCall) -> str:
    """`26 → 4,022 storage requests, 0.9 ms → 4,831 ms`, or the error of a call that fails now."""
    if new.failed:
        return f"succeeded in the saved run, now fails: {new.failed}"
    figures = []
    amounts = measure_work(old), measure_work(new)
    if amounts[0] and amounts[1] and amounts[0][1] == amounts[1][1]:
        figures.append(f"{amounts[0][0]:,} → {format_count(*amounts[1])}")
    if old.milliseconds is not None and new.milliseconds is not None:
        figures.append(f"{format_duration(old.milliseconds)} → {format_duration(new.milliseconds)}")
    return ", ".join(figures)


def _describe_plan_change(comparison: CallComparison) -> str:
    """A changed scan is shown first, because it explains more than the join above it."""
    scans = [line for line in comparison.differences if " Scan" in line and "->" in line]
    return f" ({(scans or comparison.differences)[0]})" if comparison.differences else ""


def _only_time_changed(comparison: CallComparison, limits: Limits) -> bool:
    ratio = comparison.work_ratio
    return ratio is not None and ratio <= 1 + limits.tolerance and not comparison.differences
