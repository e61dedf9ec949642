"""The report of `kinetune demo`: the comparison, and a summary that claims only what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.formatting import format_bytes, format_duration, format_number, format_percent
from kinetune.model.report import BulletList, Cell, Heading, Report, Section, Tone
from kinetune.model.workload import ExplainRun
from kinetune.plans.compare import CallComparison, RunComparison
from kinetune.views.explain_compared import comparison_report

TOLERANCE = 0.25
"""As `kinetune explain --tolerance`."""
CREATE = "create"


def build_screen(comparison: RunComparison, objects: int) -> Report:
    """The summary last: on a terminal the end is read first."""
    report, summary = _build_parts(comparison, objects)
    return replace(report, sections=(*report.sections, *summary))


def build_page(comparison: RunComparison, objects: int) -> Report:
    """The summary first."""
    report, summary = _build_parts(comparison, objects)
    return replace(report, sections=(*summary, *report.sections))


def _build_parts(comparison: RunComparison, objects: int) -> tuple[Report, tuple[Section, ...]]:
    report = comparison_report(comparison)
    items = tuple(summarise(comparison))
    data = report.data | {"objects": objects, "summary": [item.text for item in items]}
    title = "kinetune demo: Kine's queries before and after kinetune init"
    return replace(report, title=title, data=data), (Heading("Summary"), BulletList(items))


def summarise(comparison: RunComparison) -> Iterator[Cell]:
    """Gains and losses that blocks or bytes prove; separately, what only the measured time shows."""
    # A demo runs on whatever machine is at hand, often a busy laptop: a time alone is not evidence of the schema.
    before, after, calls = comparison.before, comparison.after, comparison.calls
    yield _compare_sizes("All indexes together", (before.index_bytes, after.index_bytes))
    yield _compare_sizes("WAL to create an object", (_wal_bytes(before), _wal_bytes(after)))
    changed = [call for call in calls if call.trend in ("better", "worse")]
    better = [call for call in changed if _needs_less_work(call)]
    worse = [call for call in changed if _needs_more_work(call)]
    time_only = [call for call in changed if call not in better and call not in worse]
    if better:
        yield Cell(f"Less work: {_list_calls(better)}.", Tone.GOOD)
    else:
        yield Cell("No list, count or read of this Kine does less work than before.", Tone.WARN)
    if worse:
        yield Cell(f"More work: {_list_calls(worse)}.", Tone.BAD)
    if time_only:
        yield Cell(f"Only the time differs, possibly because of this machine: {_list_calls(time_only)}.", Tone.DIM)
    yield Cell(f"{len(calls) - len(changed)} of {len(calls)} calls cost about the same.", Tone.DIM)


def _needs_less_work(call: CallComparison) -> bool:
    """Blocks are exact; a time alone varies by a third on a busy machine (plans/compare)."""
    return call.trend == "better" and (call.work_ratio is None or call.work_ratio * (1 + TOLERANCE) < 1)


def _needs_more_work(call: CallComparison) -> bool:
    return call.trend == "worse" and (call.work_ratio is None or call.work_ratio > 1 + TOLERANCE)


def _list_calls(calls: list[CallComparison]) -> str:
    return "; ".join(map(_describe_call, calls))


def _describe_call(call: CallComparison) -> str:
    before, after = call.before, call.after
    if before is None or after is None or before.plan is None or after.plan is None:
        return call.words
    blocks = f"{format_number(before.plan.blocks or 0)} → {format_number(after.plan.blocks or 0)} blocks"
    times = f"{format_duration(before.milliseconds)} → {format_duration(after.milliseconds)}"
    return f"{call.words} ({blocks}, {times})"


def _compare_sizes(title: str, sizes: tuple[int | None, int | None]) -> Cell:
    before, after = sizes
    if not before or not after:
        return Cell(f"{title}: not measured.", Tone.DIM)
    change = f"{title}: {format_bytes(before)} before, {format_bytes(after)} after"
    if after == before:
        return Cell(f"{change}.", Tone.DIM)
    share = format_percent(abs(after - before), before)
    return (
        Cell(f"{change}, {share} less.", Tone.GOOD) if after < before else Cell(f"{change}, {share} more.", Tone.WARN)
    )


def _wal_bytes(run: ExplainRun) -> int | None:
    return next((call.wal_bytes for call in run.calls if call.call.scenario == CREATE), None)
