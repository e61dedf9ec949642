"""What `kinetune demo` says: the comparison, and in words what it comes to. It claims only what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from kinetune.model.report import Cell, Heading, Items, Report, Section, Tone
from kinetune.plans.compare import Comparison, compare
from kinetune.views.explain_compared import compared

if TYPE_CHECKING:
    from kinetune.commands.demo import Demo
    from kinetune.model.workload import Explained

TOLERANCE = 0.25
"""As `kinetune explain --against`."""
CREATE = "create"


def screen(demo: Demo) -> Report:
    """The summary last: there a terminal is read first."""
    report, summary = _both(demo)
    return replace(report, sections=(*report.sections, *summary))


def page(demo: Demo) -> Report:
    """The summary first."""
    report, summary = _both(demo)
    return replace(report, sections=(*summary, *report.sections))


def _both(demo: Demo) -> tuple[Report, tuple[Section, ...]]:
    comparison = compare(demo.before, demo.after, TOLERANCE)
    report = compared(demo.before, demo.after, comparison)
    items = tuple(summary(demo, comparison))
    data = report.data | {"objects": demo.store.objects, "summary": [item.text for item in items]}
    title = "kinetune demo: Kine's queries before and after kinetune init"
    return replace(report, title=title, data=data), (Heading("In short"), Items(items))


def summary(demo: Demo, comparison: tuple[Comparison, ...]) -> Iterator[Cell]:
    """What the schema changed, in sentences: gains, losses, and apart from both what only the clock tells."""
    yield _shrunk("All indexes together", "bytes", (demo.before.index_bytes, demo.after.index_bytes))
    yield _shrunk("WAL to create an object", "bytes", (_wal(demo.before), _wal(demo.after)))
    moved = [one for one in comparison if one.verdict in ("better", "worse")]
    better = [one for one in moved if _less(one)]
    worse = [one for one in moved if _more(one)]
    clock = [one for one in moved if one not in better and one not in worse]
    if better:
        yield Cell(f"Less work: {_listed(better)}.", Tone.GOOD)
    else:
        yield Cell("No list, count or read of this Kine does less work than before.", Tone.WARN)
    if worse:
        yield Cell(f"More work: {_listed(worse)}.", Tone.BAD)
    if clock:
        yield Cell(f"Only the clock tells a difference, and it may be the machine's: {_listed(clock)}.", Tone.DIM)
    yield Cell(f"{len(comparison) - len(moved)} of {len(comparison)} calls cost about the same.", Tone.DIM)


def _less(one: Comparison) -> bool:
    """Blocks are counted; a time alone moves by a third on a busy machine (plans/compare)."""
    return one.verdict == "better" and (one.work_ratio is None or one.work_ratio * (1 + TOLERANCE) < 1)


def _more(one: Comparison) -> bool:
    return one.verdict == "worse" and (one.work_ratio is None or one.work_ratio > 1 + TOLERANCE)


def _listed(comparisons: list[Comparison]) -> str:
    return "; ".join(map(_said, comparisons))


def _said(one: Comparison) -> str:
    if one.before is None or one.after is None or one.before.plan is None or one.after.plan is None:
        return one.words
    blocks = f"{one.before.plan.blocks:,} → {one.after.plan.blocks:,} blocks"
    return f"{one.words} ({blocks}, {one.before.milliseconds:.1f} → {one.after.milliseconds:.1f} ms)"


def _shrunk(what: str, unit: str, sizes: tuple[int | None, int | None]) -> Cell:
    before, after = sizes
    if not before or not after:
        return Cell(f"{what}: not measured.", Tone.DIM)
    change = f"{what}: {before:,} {unit} before, {after:,} after"
    if after == before:
        return Cell(f"{change}.", Tone.DIM)
    share = f"{abs(after - before) / before:.0%}"
    return (
        Cell(f"{change}, {share} less.", Tone.GOOD) if after < before else Cell(f"{change}, {share} more.", Tone.WARN)
    )


def _wal(run: Explained) -> int | None:
    return next((one.wal_bytes for one in run.calls if one.call.scenario == CREATE), None)
