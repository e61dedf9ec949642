"""What `kinetune hotspots` says: a section for each who measured, then what else was told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinetune.commands.hotspots import Seen
from kinetune.formatting import format_clock, format_count, format_duration, format_list, format_period
from kinetune.kine.advice import LISTS, Surroundings, advice
from kinetune.kine.releases import ERAS
from kinetune.model.counters import Cost, Costs
from kinetune.model.hotspot import Hotspot, Reading, Vantage
from kinetune.model.report import Cell, Code, Fold, Heading, Items, Paragraph, Report, Section, Table, Tone
from kinetune.views.hotspots_words import name, resource

if TYPE_CHECKING:
    from kinetune.commands.hotspots_limits import Over

KIND, SCHEMA = "kinetune hotspots", 1
MEANING = {
    "kine log": "Kine's log holds calls slower than --slow-sql-threshold (1 s unless set). A time ends at the first "
    "row and includes waiting for a connection of Kine's pool.",
    "server log": "The server's log holds statements slower than log_min_duration_statement. A time includes sending "
    "all rows and knows nothing of Kine's pool.",
    "statements": "pg_stat_statements counts every call. A time includes sending all rows and knows nothing of Kine's "
    "pool; it keeps no times of day and no keys.",
    "metrics": "Kine's metrics count every call. A time ends at the first row and includes waiting for a connection of "
    "Kine's pool; percentiles lie within buckets that double from 1 ms.",
}
TITLES = {
    "kine log": "Slow calls, as Kine measured them",
    "server log": "Slow statements, as the server measured them",
    "statements": "All statements, as the server counted them",
    "metrics": "All calls, as Kine counted them",
}
SILENT = frozenset(era.name for era in ERAS if "E10" <= era.number <= "E16")
"""Eras whose Slow SQL lines hold no arguments (facts/kine.md §2.3)."""


@dataclass(frozen=True)
class View:
    """The hotspots of one vantage, heaviest first; `key` is one of MEANING."""

    key: str
    spots: tuple[Hotspot | Cost, ...]


@dataclass(frozen=True)
class Telling:
    """`top` hotspots of each vantage; `over` what went beyond a limit."""

    top: int = 10
    over: tuple[Over, ...] = ()
    notes: tuple[str, ...] = ()


def views(seen: Seen) -> tuple[View, ...]:
    """In the order they are told; a vantage that nobody looked from is not there."""
    spots = seen.reading.hotspots if seen.reading else ()
    logs = {"kine log": Vantage.KINE, "server log": Vantage.SERVER}
    found = [View(key, tuple(spot for spot in spots if spot.vantage is vantage)) for key, vantage in logs.items()]
    counted = {"metrics": seen.metrics, "statements": seen.statements}
    return (
        *(view for view in found if view.spots),
        *(View(key, costs.costs) for key, costs in counted.items() if costs),
    )


def surroundings(seen: Seen) -> Surroundings:
    """What advice needs to know beside the hotspot itself."""
    signals = seen.reading.signals if seen.reading else ()
    costs = seen.statements.costs if seen.statements else ()
    waits = seen.metrics.growth.get("go_sql_wait_count_total", 0.0) if seen.metrics else 0.0
    longest = {cost.query: cost.max for cost in costs if cost.max is not None}
    return Surroundings(frozenset(one.kind for one in signals), seen.flavour, longest, waits)


def report(seen: Seen, telling: Telling) -> Report:
    """Sections for people, data for programs, records for spreadsheets."""
    from kinetune.commands.hotspots_data import data, records
    from kinetune.commands.hotspots_extra import extra, pictures

    found = views(seen)
    sections: list[Section] = [*_over(telling), *_summary(seen, found)]
    for view in found:
        sections += _view(view, seen, telling)
    sections += extra(seen, telling)
    appendix: list[Section] = [*pictures(seen, telling), *_plans(seen)]
    if seen.explained:
        from kinetune.views.explain import reported

        told = reported(seen.explained)
        sections += [Heading("Explained now"), *(one for one in told.sections if not isinstance(one, Heading))]
        appendix += told.appendix
    return Report(
        KIND, KIND, tuple(sections), data(seen, found, telling), SCHEMA, tuple(appendix), records=records(found, seen)
    )


def _over(telling: Telling) -> Iterator[Section]:
    if telling.over:
        yield Items(tuple(Cell(f"over {one.limit.text}: {one.where}", Tone.BAD) for one in telling.over))


def _summary(seen: Seen, found: tuple[View, ...]) -> Iterator[Section]:
    if seen.reading:
        yield Paragraph(_read(seen.reading))
    if seen.server:
        yield Paragraph(f"Server: {seen.server}")
    if not any(view.spots for view in found):
        yield Paragraph(
            "No call of Kine's was seen: nothing was slow enough to be logged, or Kine was idle.", Tone.GOOD
        )


def _read(reading: Reading) -> str:
    counts, spots = reading.counts, reading.hotspots
    forms = format_list(f"{format_count(count, 'line')} of {form}" for form, count in list(counts.formats.items())[:4])
    when = f", {format_period(min(one.first for one in spots), max(one.last for one in spots))}" if spots else ""
    read = f"{format_count(counts.lines, 'line')} read ({counts.bytes / 1e6:,.1f} MB)"
    told = [format_count(counts.calls, "call"), *([format_count(counts.plans, "plan")] if counts.plans else [])]
    known = f": {forms}" if forms else ""
    return f"Logs: {format_list([*told, format_count(counts.signals, 'other telling line')])} in {read}{when}{known}."


def _is_silent(spot: Hotspot) -> bool:
    """Whether it is a list whose arguments its Kine does not log, and not a call that has no resource."""
    return spot.query in LISTS and not spot.resource and bool(spot.eras) and SILENT.issuperset(spot.eras)


def _view(view: View, seen: Seen, telling: Telling) -> Iterator[Section]:
    costs = {"statements": seen.statements, "metrics": seen.metrics}.get(view.key)
    yield Heading(TITLES[view.key])
    yield Paragraph(MEANING[view.key] + _period(costs), Tone.DIM)
    top = view.spots[: telling.top]
    yield _counted(top, costs) if costs else _logged(top, seen.reading)
    if len(view.spots) > len(top):
        rest = view.spots[len(top) :]
        share = sum(spot.share for spot in rest)
        yield Paragraph(f"{len(rest)} more with {share:.1%} of the time: --top {len(view.spots)}", Tone.DIM)
    if any(isinstance(spot, Hotspot) and _is_silent(spot) for spot in top):
        yield Paragraph("–: Kine v0.11.11 to v0.15.0 logs no arguments, so the resource is not known.", Tone.DIM)
    yield from _advice(top, surroundings(seen))


def _period(costs: Costs | None) -> str:
    if costs is None:
        return ""
    if costs.seconds is None:
        return " Counted since the statistics were last reset, which this server does not tell."
    return f" Counted over {format_duration(costs.seconds * 1000.0)}."


def _logged(spots: tuple[Hotspot | Cost, ...], reading: Reading | None) -> Table:
    from kinetune.views.hotspots_words import slots, sparkline

    columns = ("query", "resource", "calls", "share", "total", "p50", "p95", "p99", "max", "over time", "first", "last")
    every = [slot.at for spot in (reading.hotspots if reading else ()) for slot in spot.timeline]
    first, last = min(every, default=0.0), max(every, default=0.0) + (reading.slot_seconds if reading else 1)
    rows, twice = [], _twice(spots)
    for spot in spots:
        assert isinstance(spot, Hotspot)
        line = sparkline(slots(spot.timeline, first, last))
        rows.append(
            (
                *_figures(spot, twice),
                Cell(line),
                Cell(format_clock(spot.first), Tone.DIM),
                Cell(format_clock(spot.last), Tone.DIM),
            )
        )
    return Table(columns, tuple(rows), frozenset(columns[2:9]), "resource")


def _twice(spots: tuple[Hotspot | Cost, ...]) -> set[tuple[str, str]]:
    """Queries that two eras have under one name: their rows say which era."""
    pairs = [(name(spot), resource(spot)) for spot in spots]
    return {pair for pair in pairs if pairs.count(pair) > 1}


def _figures(spot: Hotspot, twice: set[tuple[str, str]]) -> tuple[Cell, ...]:
    era = f" of {spot.eras[-1]}" if (name(spot), resource(spot)) in twice and spot.eras else ""
    times = (Cell(format_duration(value)) for value in (spot.total_ms, spot.p50, spot.p95, spot.p99, spot.max))
    return (Cell(name(spot) + era), Cell(resource(spot)), Cell(f"{spot.count:,}"), Cell(f"{spot.share:.0%}"), *times)


def _counted(spots: tuple[Hotspot | Cost, ...], costs: Costs) -> Table:
    """Columns that nobody has a value for are left out."""
    wide: dict[str, list[str]] = {"query": [], "calls": [], "a second": [], "share": [], "total": [], "mean": []}
    wide |= {word: [] for word in ("p50", "p95", "p99", "max", "rows a call", "requests a call", "errors")}
    for spot in spots:
        assert isinstance(spot, Cost)
        for column, text in _cost(spot, costs.seconds).items():
            wide[column].append(text)
    kept = {column: texts for column, texts in wide.items() if column in ("query", "calls") or set(texts) - {"–"}}
    rows = tuple(tuple(map(Cell, row)) for row in zip(*kept.values(), strict=True))
    return Table(tuple(kept), rows, frozenset(kept) - {"query"}, "query")


def _cost(cost: Cost, seconds: float | None) -> dict[str, str]:
    requests = cost.extra.get("docdb_read_rpcs")
    return {
        "query": name(cost),
        "calls": f"{cost.count:,}",
        "a second": f"{cost.count / seconds:,.1f}" if seconds else "–",
        "share": f"{cost.share:.0%}",
        "total": format_duration(cost.total_ms),
        "mean": format_duration(cost.mean),
        "p50": format_duration(cost.p50),
        "p95": format_duration(cost.p95),
        "p99": format_duration(cost.p99),
        "max": format_duration(cost.max),
        "rows a call": "–" if cost.rows is None else f"{cost.rows / cost.count:,.1f}",
        "requests a call": "–" if requests is None else f"{requests / cost.count:,.1f}",
        "errors": f"{cost.errors:,}" if cost.errors else "–",
    }


def _advice(spots: tuple[Hotspot | Cost, ...], around: Surroundings) -> Iterator[Section]:
    """Each sentence once, under the hotspots it holds for."""
    said: dict[str, list[str]] = {}
    for spot in spots:
        if sentence := advice(spot, around):
            on = f" on {resource(spot)}" if resource(spot) != "–" else ""
            said.setdefault(sentence, []).append(f"{name(spot)}{on}")
    if said:
        yield Items(tuple(Cell(f"{', '.join(of)}: {sentence}") for sentence, of in said.items()))


def _plans(seen: Seen) -> Iterator[Section]:
    """auto_explain's own, slowest first."""
    plans = seen.reading.plans if seen.reading else ()
    if plans:
        yield Heading("Plans that the server logged")
    for plan in plans:
        title = f"{plan.query or 'another statement'}, {format_duration(plan.milliseconds)} at {format_clock(plan.at)} UTC in {plan.source}"
        yield Fold(title, (Code(plan.text),))
