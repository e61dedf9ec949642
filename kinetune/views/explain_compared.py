"""The report of `kinetune explain` on two runs: before and after, or without and with a setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kinetune.model.report import (
    BarChart,
    BulletList,
    Cell,
    Collapsible,
    Heading,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)
from kinetune.plans.compare import CallComparison, RunComparison
from kinetune.plans.saved import RUN, run_data
from kinetune.views.explain import (
    describe_store,
    format_milliseconds,
    format_work,
    plan_section,
    remark_sections,
    work_unit,
)

TONES = {"better": Tone.GOOD, "same": Tone.PLAIN, "worse": Tone.BAD, "new": Tone.DIM, "gone": Tone.DIM}


@dataclass(frozen=True)
class RunTitles:
    """What the two runs are called."""

    first: str = "before"
    second: str = "after"

    @property
    def title(self) -> str:
        return f"{self.first} and {self.second}"


def _run_titles(settings: Mapping[str, str]) -> RunTitles:
    """`before` and `after`; of a trial `without` and `with yb_bnl_batch_size=1`."""
    if not settings:
        return RunTitles()
    return RunTitles("without", "with " + ", ".join(f"{name}={value}" for name, value in settings.items()))


def comparison_report(comparison: RunComparison) -> Report:
    """Call by call, with the plan nodes that differ."""
    titles, after = _run_titles(comparison.settings), comparison.after
    data = run_data(after) | {
        "against": run_data(comparison.before),
        "comparison": [_call_data(one) for one in comparison.calls],
    }
    sections: tuple[Section, ...] = (
        *_store_paragraphs(comparison),
        _comparison_table(comparison, titles),
        *_changed_plans(comparison.calls),
        *remark_sections(after.calls, after.database),
        _time_chart(comparison.calls, titles),
    )
    appendix = tuple(_plan_sections(comparison.calls, titles))
    return Report(RUN.kind, f"kinetune explain: {titles.title}", sections, data, RUN.schema, appendix)


def _call_data(one: CallComparison) -> dict[str, object]:
    return {"scenario": one.scenario, "verdict": one.trend, "time_ratio": one.time_ratio, "work_ratio": one.work_ratio}


def _store_paragraphs(comparison: RunComparison) -> Iterator[Section]:
    """Two moments of a store are two lines; one moment without and with a setting is one."""
    if comparison.settings:
        yield Paragraph(describe_store(comparison.before))
        yield Paragraph("The setting was changed for one session of kinetune only.", Tone.DIM)
    else:
        yield Paragraph(f"Before: {describe_store(comparison.before)}")
        yield Paragraph(f"After: {describe_store(comparison.after)}")


def _comparison_table(comparison: RunComparison, titles: RunTitles) -> Table:
    """The names of settings are in the title: a column is as narrow as `ms with`."""
    first, second = titles.first, titles.second.split()[0]
    unit = work_unit(comparison.after.calls)
    columns = ("call", f"ms {first}", f"ms {second}", "time", f"{unit} {first}", f"{unit} {second}", "result")
    return Table(columns, tuple(map(_comparison_row, comparison.calls)), frozenset(columns[1:6]), "call")


def _comparison_row(one: CallComparison) -> tuple[Cell, ...]:
    runs = (one.before, one.after)
    return (
        Cell(one.words),
        *(Cell(format_milliseconds(run.milliseconds if run else None)) for run in runs),
        Cell("–" if one.time_ratio is None else f"× {one.time_ratio:.2f}"),
        *(Cell(format_work(run.plan) if run and run.plan else "–") for run in runs),
        Cell(one.trend, TONES[one.trend]),
    )


def _changed_plans(comparisons: tuple[CallComparison, ...]) -> Iterator[Section]:
    """The nodes that differ, of calls whose cost differs."""
    changed = [one for one in comparisons if one.differences and one.trend in ("better", "worse")]
    if changed:
        yield Heading("Plans that changed")
    for one in changed:
        yield Collapsible(one.words, (BulletList(tuple(map(Cell, one.differences))),))


def _plan_sections(comparisons: tuple[CallComparison, ...], titles: RunTitles) -> Iterator[Section]:
    yield Heading(f"Plans, {titles.title}")
    for comparison in comparisons:
        for title, one in ((titles.first, comparison.before), (titles.second, comparison.after)):
            if one and one.plan:
                yield replace(plan_section(one), title=f"{title}: {one.call.words}")


def _time_chart(comparisons: tuple[CallComparison, ...], titles: RunTitles) -> BarChart:
    both = tuple(
        (one.words, (one.before.milliseconds, one.after.milliseconds))
        for one in comparisons
        if one.before and one.after and one.before.milliseconds is not None and one.after.milliseconds is not None
    )
    return BarChart(f"Time per call, {titles.title}", "ms", (titles.first, titles.second), both)
