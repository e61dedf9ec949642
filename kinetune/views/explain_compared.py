"""What `kinetune explain` says of two runs side by side: before and after, or without and with a setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kinetune.model.report import Bars, Cell, Fold, Heading, Items, Paragraph, Report, Section, Table, Tone
from kinetune.plans.saved import KIND, SCHEMA, to_data
from kinetune.views.explain import folded_plan, milliseconds_of, remarks, where, work_name, work_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kinetune.model.workload import Explained
    from kinetune.plans.compare import Comparison

VERDICTS = {"better": Tone.GOOD, "same": Tone.PLAIN, "worse": Tone.BAD, "new": Tone.DIM, "gone": Tone.DIM}


@dataclass(frozen=True)
class Sides:
    """What the two runs are called."""

    first: str = "before"
    second: str = "after"

    @property
    def title(self) -> str:
        return f"{self.first} and {self.second}"


TIMES = Sides()


def tried(settings: Mapping[str, str]) -> Sides:
    """`without` and `with yb_bnl_batch_size=1`."""
    return Sides("without", "with " + ", ".join(f"{name}={value}" for name, value in settings.items()))


def compared(before: Explained, after: Explained, comparisons: tuple[Comparison, ...], sides: Sides = TIMES) -> Report:
    """Query by query, with the plan nodes that differ."""
    data = to_data(after) | {"against": to_data(before), "comparison": [_verdict(one) for one in comparisons]}
    sections: tuple[Section, ...] = (
        *_both(before, after, sides),
        _table(after, comparisons, sides),
        *_changes(comparisons),
        *remarks(after),
        _bars(comparisons, sides),
    )
    plans = tuple(_plans(comparisons, sides))
    return Report(KIND, f"kinetune explain: {sides.title}", sections, data, SCHEMA, plans)


def _verdict(one: Comparison) -> dict[str, object]:
    return {
        "scenario": one.scenario,
        "verdict": one.verdict,
        "time_ratio": one.time_ratio,
        "work_ratio": one.work_ratio,
    }


def _table(after: Explained, comparisons: tuple[Comparison, ...], sides: Sides) -> Table:
    """The name of a setting is in the title; a column is as narrow as `with`. Two columns must not be called alike."""
    first, second = sides.first, sides.second.split()[0]
    work = f"{work_name(after)} {first}"
    columns = ("call", f"ms {first}", second, "time", work, f"{second} ", "verdict")
    return Table(columns, tuple(_row(one) for one in comparisons), frozenset(columns[1:6]), "call")


def _row(one: Comparison) -> tuple[Cell, ...]:
    return (
        Cell(one.words),
        *(Cell(milliseconds_of(side.milliseconds if side else None)) for side in (one.before, one.after)),
        Cell(_ratio(one.time_ratio)),
        *(Cell(work_of(side.plan) if side and side.plan else "–") for side in (one.before, one.after)),
        Cell(one.verdict, VERDICTS[one.verdict]),
    )


def _ratio(ratio: float | None) -> str:
    return "–" if ratio is None else f"× {ratio:.2f}"


def _both(before: Explained, after: Explained, sides: Sides) -> Iterator[Section]:
    """Two moments of a store are two lines; one moment with and without a setting is one."""
    if sides is TIMES:
        yield Paragraph(f"Before: {where(before)}")
        yield Paragraph(f"After: {where(after)}")
    else:
        yield Paragraph(where(before))
        yield Paragraph("The setting held for one session of kinetune; nothing was changed.", Tone.DIM)


def _changes(comparisons: tuple[Comparison, ...]) -> Iterator[Section]:
    """The nodes that differ, of calls whose cost differs."""
    changed = [one for one in comparisons if one.differences and one.verdict in ("better", "worse")]
    if changed:
        yield Heading("Plans that changed")
    for one in changed:
        yield Fold(one.words, (Items(tuple(Cell(difference) for difference in one.differences)),))


def _plans(comparisons: tuple[Comparison, ...], sides: Sides) -> Iterator[Section]:
    yield Heading(f"Plans, {sides.title}")
    for comparison in comparisons:
        for which, one in ((sides.first, comparison.before), (sides.second, comparison.after)):
            if one and one.plan:
                yield replace(folded_plan(one), title=f"{which}: {one.call.words}")


def _bars(comparisons: tuple[Comparison, ...], sides: Sides) -> Bars:
    both = tuple(
        (one.words, (one.before.milliseconds, one.after.milliseconds))
        for one in comparisons
        if one.before and one.after and one.before.milliseconds is not None and one.after.milliseconds is not None
    )
    return Bars(f"Time a call, {sides.title}", "ms", (sides.first, sides.second), both)
