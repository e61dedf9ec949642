"""What `kinetune explain` says of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from kinetune.kine.pretty import pretty
from kinetune.kine.releases import era_named
from kinetune.model.finding import Severity
from kinetune.model.report import Bars, Cell, Code, Fold, Heading, Items, Paragraph, Report, Section, Table, Tone
from kinetune.plans.least import against_least, least_requests
from kinetune.plans.reads import rows_read, scans
from kinetune.plans.saved import KIND, SCHEMA, to_data
from kinetune.plans.tree import lines
from kinetune.quoting import identifier

if TYPE_CHECKING:
    from kinetune.model.plan import Plan
    from kinetune.model.workload import Explained, Measured

TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.INFO: Tone.DIM}


def saved(run: Explained) -> Report:
    """Only the data, for --save."""
    return Report(KIND, "", (), to_data(run), SCHEMA)


def reported(run: Explained, *, tree: bool = False) -> Report:
    """The table first, then what is wrong in words, then the plans: in a page behind a click, in text with --tree."""
    sections: list[Section] = [*_store(run), _costs(run), *remarks(run), _bars(run)]
    plans: tuple[Section, ...] = tuple(folded_plan(one) for one in run.calls if one.plan)
    sections += plans if tree else ()
    appendix = () if tree else (Heading("Plans"), *plans)
    return Report(KIND, "kinetune explain", tuple(sections), to_data(run), SCHEMA, appendix)


def _store(run: Explained) -> Iterator[Section]:
    yield Paragraph(where(run))
    yield Paragraph(f"Kine {era_named(run.era).releases}: {run.era_source}", Tone.DIM)


def where(run: Explained) -> str:
    rows = f"about {run.rows:,} rows" if run.rows else "never analysed"
    sizes = f"{_bytes(run.table_bytes)} and {_bytes(run.index_bytes)} of indexes"
    return f"{run.server}, database {run.database}: {rows}, {sizes}; schema {run.profile}; era {run.era}"


def _costs(run: Explained) -> Table:
    columns = ["call", "Kine's query", "ms", "rows read", "returned", work_name(run), "index", "verdict"]
    more = [name for name, figure in MORE.items() if any(figure(one) is not None for one in run.calls)]
    columns[6:6] = more
    numeric = frozenset({"ms", "rows read", "returned", work_name(run), *MORE})
    return Table(tuple(columns), tuple(_cost(one, more) for one in run.calls), numeric, "call")


def _least(one: Measured) -> int | None:
    return least_requests(one.plan, one.page) if one.plan else None


MORE: Mapping[str, Callable[[Measured], int | None]] = {"at least": _least, "WAL bytes": lambda one: one.wal_bytes}
"""Columns that stand only where a call has the figure: the requests that no plan does without, a write's WAL."""


def _cost(one: Measured, more: list[str]) -> tuple[Cell, ...]:
    if one.plan is None:
        empty = (Cell("–"),) * (4 + len(more))
        name = Cell(one.call.query.name, Tone.DIM)
        return (Cell(one.call.words), name, *empty, Cell(""), Cell(one.failed, Tone.BAD))
    cells = [
        Cell(one.call.words),
        Cell(one.call.query.name, Tone.DIM),
        Cell(milliseconds_of(one.milliseconds)),
        Cell(f"{_rows_read(one.plan):,.0f}"),
        Cell(f"{one.rows:,}" if one.rows is not None else "–"),
        Cell(work_of(one.plan)),
        Cell(", ".join(_indexes(one.plan)) or "–", Tone.DIM),
        _verdict(one),
    ]
    figures = (MORE[name](one) for name in more)
    cells[6:6] = (Cell("–" if figure is None else f"{figure:,}") for figure in figures)
    return tuple(cells)


def _verdict(one: Measured) -> Cell:
    if not one.remarks:
        return Cell("good", Tone.GOOD)
    worst = min(one.remarks, key=lambda remark: list(Severity)[::-1].index(remark.severity or Severity.WARNING))
    more = f" +{len(one.remarks) - 1}" if len(one.remarks) > 1 else ""
    return Cell(worst.symptom.replace("-", " ") + more, TONES[worst.severity or Severity.WARNING])


def remarks(run: Explained) -> Iterator[Section]:
    """Each remark once, under the calls it holds for: ten calls with one cause are one thing to mend."""
    grouped: dict[tuple[str, str], list[str]] = {}
    tones = {}
    for one in run.calls:
        for remark in one.remarks:
            do = remark.do.replace("<database>", identifier(run.database))
            grouped.setdefault((remark.says, do), []).append(one.call.words)
            tones[remark.says] = TONES[remark.severity or Severity.WARNING]
    if grouped:
        yield Heading("What is wrong, and what helps")
        yield Items(tuple(_said(*key, tones[key[0]], calls) for key, calls in grouped.items()))


def _said(says: str, do: str, tone: Tone, calls: list[str]) -> Cell:
    return Cell(f"{'; '.join(dict.fromkeys(calls))}: {says}" + (f" → {do}" if do else ""), tone)


def folded_plan(one: Measured) -> Fold:
    assert one.plan is not None
    tree = "\n".join([*filter(None, [against_least(one.plan, one.page)]), *lines(one.plan)])
    folded: tuple[Section, ...] = (Code(tree, title=f"{one.call.query.name}: plan for these arguments"),)
    if one.generic and one.generic_chosen:
        generic = "\n".join(lines(one.generic))
        folded += (Code(generic, title="the plan the server settles for after five runs"),)
    return Fold(
        one.call.words,
        (*folded, Code(pretty(one.call.text), "sql", f"{one.call.query.name} as Kine sends it, in lines")),
    )


def _bars(run: Explained) -> Bars:
    timed = ((one.call.words, (one.milliseconds,)) for one in run.calls if one.milliseconds is not None)
    return Bars("Time a call, median of warm runs", "ms", ("time",), tuple(timed))


def _indexes(plan: Plan) -> list[str]:
    """Where the rows came from, most first; a look at a single entry (MAX(id), the compacted revision) is left out."""
    reads = sorted(scans(plan), key=lambda node: -rows_read(node))
    many = [node for node in reads if rows_read(node) > 1] or reads[:1]
    names = (next((part.index for part in node.walk() if part.index), "no index") for node in many)
    return list(dict.fromkeys(name.removeprefix("kine_").removesuffix("_index") for name in names))


def _rows_read(plan: Plan) -> float:
    return sum(rows_read(node) for node in scans(plan))


def work_name(run: Explained) -> str:
    return "requests" if any(one.plan and one.plan.requests is not None for one in run.calls) else "blocks"


def work_of(plan: Plan) -> str:
    amount = plan.requests if plan.requests is not None else plan.blocks
    return "–" if amount is None else f"{amount:,}"


def milliseconds_of(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return (
        f"{milliseconds:,.0f}"
        if milliseconds >= 100
        else f"{milliseconds:.1f}"
        if milliseconds >= 1
        else f"{milliseconds:.2f}"
    )


def _bytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 2**20:,.1f} MiB"
