"""The report of `kinetune explain` on one run, and the parts that its other reports share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kinetune.formatting import format_bytes, format_count
from kinetune.kine.queries import format_sql
from kinetune.kine.releases import find_era
from kinetune.model.finding import Severity
from kinetune.model.report import (
    BarChart,
    BulletList,
    Cell,
    Code,
    Collapsible,
    Heading,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)
from kinetune.plans.reads import TABLE, describe_least, executed_scans, least_requests, rows_read
from kinetune.plans.saved import RUN, run_data
from kinetune.plans.tree import tree_lines
from kinetune.quoting import identifier

if TYPE_CHECKING:
    from kinetune.model.plan import QueryPlan
    from kinetune.model.workload import ExplainRun, MeasuredCall

TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.INFO: Tone.DIM}


def saved_run(run: ExplainRun) -> Report:
    """Only the data, for --save."""
    return Report(RUN.kind, "", (), run_data(run), RUN.schema)


def run_report(run: ExplainRun, *, tree: bool = False) -> Report:
    """Costs, problems, then the plans: collapsed in a page, in text only with `tree`."""
    sections: list[Section] = [
        Paragraph(describe_store(run)),
        Paragraph(f"Kine {find_era(run.era).releases}: {run.era_source}", Tone.DIM),
        costs_table(run.calls),
        *remark_sections(run.calls, run.database),
        _time_chart(run.calls),
    ]
    return Report(
        RUN.kind, "kinetune explain", (*sections, *plans_in_text(run.calls, tree)), run_data(run), RUN.schema,
        appendix=plans_in_appendix(run.calls, tree),
    )  # fmt: skip


def plans_in_text(calls: Iterable[MeasuredCall], tree: bool) -> tuple[Section, ...]:
    return tuple(plan_section(one) for one in calls if one.plan) if tree else ()


def plans_in_appendix(calls: Iterable[MeasuredCall], tree: bool) -> tuple[Section, ...]:
    """For pages; empty where the report itself has the plans."""
    # The appendix is for pages: a plan has more lines than a terminal.
    return () if tree else (Heading("Plans"), *plans_in_text(calls, tree=True))


def describe_store(run: ExplainRun) -> str:
    rows = f"about {format_count(run.rows, 'row')}" if run.rows else "row count unknown (never analyzed)"
    sizes = f"table {format_bytes(run.table_bytes)}, indexes {format_bytes(run.index_bytes)}"
    return f"{run.server}, database {run.database}: {rows}, {sizes}; schema {run.profile}; era {run.era}"


def costs_table(calls: Sequence[MeasuredCall]) -> Table:
    """A row for each call: its cost, the indexes that its rows come from, and the gravest problem."""
    unit = work_unit(calls)
    columns = ["call", "Kine's query", "ms", "rows read", "returned", unit, "index", "result"]
    more = [name for name, figure in OPTIONAL_COLUMNS.items() if any(figure(one) is not None for one in calls)]
    # Beside the work that they explain.
    columns[6:6] = more
    numeric = frozenset({"ms", "rows read", "returned", unit, *OPTIONAL_COLUMNS})
    return Table(tuple(columns), tuple(_cost_row(one, more) for one in calls), numeric, "call")


def _least_requests(one: MeasuredCall) -> int | None:
    return (least_requests(one.plan, one.page) or None) if one.plan else None


OPTIONAL_COLUMNS: Mapping[str, Callable[[MeasuredCall], int | None]] = {
    "at least": _least_requests,
    "WAL bytes": lambda one: one.wal_bytes,
}
"""Columns that are left out where no call has the figure: the requests that every plan needs, and a write's WAL."""


def _cost_row(one: MeasuredCall, more: list[str]) -> tuple[Cell, ...]:
    name = Cell(one.call.query.name or "not recognised", Tone.DIM)
    if one.plan is None:
        empty = (Cell("–"),) * (4 + len(more))
        return (Cell(one.call.words), name, *empty, Cell(""), Cell(one.failed, Tone.BAD))
    is_analyzed = one.plan.root.loops is not None  # a pasted plan may be of EXPLAIN without ANALYZE
    cells = [
        Cell(one.call.words),
        name,
        Cell(format_milliseconds(one.milliseconds)),
        Cell(f"{_rows_read(one.plan):,.0f}" if is_analyzed else "–"),
        Cell(f"{one.rows:,}" if one.rows is not None else "–"),
        Cell(format_work(one.plan)),
        Cell(", ".join(_used_indexes(one.plan)) or "–", Tone.DIM),
        _result_cell(one, one.plan),
    ]
    figures = (OPTIONAL_COLUMNS[name](one) for name in more)
    cells[6:6] = (Cell("–" if figure is None else f"{figure:,}") for figure in figures)
    return tuple(cells)


def _result_cell(one: MeasuredCall, plan: QueryPlan) -> Cell:
    if not one.remarks and plan.root.loops is None:
        return Cell("not measured", Tone.DIM)
    if not one.remarks:
        is_kine = any(node.relation == TABLE for node in plan.nodes())
        return Cell("good", Tone.GOOD) if is_kine else Cell("other table", Tone.DIM)
    # The table has room for one problem; the others are listed below it.
    worst = max(one.remarks, key=lambda remark: (remark.severity or Severity.WARNING).rank)
    more = f" +{len(one.remarks) - 1}" if len(one.remarks) > 1 else ""
    return Cell(worst.symptom.replace("-", " ") + more, TONES[worst.severity or Severity.WARNING])


def remark_sections(calls: Iterable[MeasuredCall], database: str = "") -> Iterator[Section]:
    """Each problem once, with the calls that have it: several calls often have one cause."""
    grouped: dict[tuple[str, str], list[str]] = {}
    tones = {}
    for one in calls:
        for remark in one.remarks:
            do = remark.do.replace("<database>", identifier(database) if database else "<database>")
            grouped.setdefault((remark.says, do), []).append(one.call.words)
            tones[remark.says] = TONES[remark.severity or Severity.WARNING]
    if grouped:
        yield Heading("Problems and remedies")
        yield BulletList(tuple(_remark_item(*key, tones[key[0]], names) for key, names in grouped.items()))


def _remark_item(says: str, do: str, tone: Tone, calls: list[str]) -> Cell:
    return Cell(f"{'; '.join(dict.fromkeys(calls))}: {says}" + (f" → {do}" if do else ""), tone)


def plan_section(one: MeasuredCall) -> Collapsible:
    """The plan of a call, its generic plan where the server uses that, and the statement."""
    assert one.plan is not None
    name = one.call.query.name
    drawn = "\n".join([*filter(None, [describe_least(one.plan, one.page)]), *tree_lines(one.plan)])
    sections: list[Section] = [Code(drawn, title=f"{name}: plan for these arguments" if name else "plan")]
    if one.generic and one.generic_chosen:
        generic = "\n".join(tree_lines(one.generic))
        sections.append(Code(generic, title="generic plan, which the server uses after five executions"))
    if one.call.text:
        title = f"{name} as Kine sends it, formatted" if name else "statement, formatted"
        sections.append(Code(format_sql(one.call.text), "sql", title))
    return Collapsible(one.call.words, tuple(sections))


def _time_chart(calls: Iterable[MeasuredCall]) -> BarChart:
    timed = ((one.call.words, (one.milliseconds,)) for one in calls if one.milliseconds is not None)
    return BarChart("Time per call, median of warm runs", "ms", ("time",), tuple(timed))


def _used_indexes(plan: QueryPlan) -> list[str]:
    """The indexes that rows come from, most rows first; a lookup of one entry (MAX(id)) is left out beside others."""
    reads = sorted(executed_scans(plan), key=lambda node: -rows_read(node))
    # Every list also reads two revisions, one entry each; their indexes would hide the one that matters.
    many = [node for node in reads if rows_read(node) > 1] or reads[:1]
    names = (next((part.index for part in node.walk() if part.index), "no index") for node in many)
    return list(dict.fromkeys(name.removeprefix("kine_").removesuffix("_index") for name in names))


def _rows_read(plan: QueryPlan) -> float:
    return sum(rows_read(node) for node in executed_scans(plan))


def work_unit(calls: Iterable[MeasuredCall]) -> str:
    """What the work of these calls is counted in: requests where any call has them."""
    return "requests" if any(one.plan and one.plan.requests is not None for one in calls) else "blocks"


def format_work(plan: QueryPlan) -> str:
    amount = plan.requests if plan.requests is not None else plan.blocks
    return "–" if amount is None else f"{amount:,}"


def format_milliseconds(milliseconds: float | None) -> str:
    """Without a unit, for columns: `4,831`, `12.4`, `0.03`."""
    if milliseconds is None:
        return "–"
    digits = 0 if milliseconds >= 100 else 1 if milliseconds >= 1 else 2
    return f"{milliseconds:,.{digits}f}"
