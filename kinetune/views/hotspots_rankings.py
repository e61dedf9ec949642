"""One source's ranking in words: what it measured, its hotspots as a table, and advice for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kinetune.formatting import format_clock_span, format_count, format_duration, format_percent
from kinetune.kine.query_purposes import LISTS
from kinetune.kine.releases import ERAS
from kinetune.model.counters import QueryCost
from kinetune.model.hotspot import Hotspot, TimeSlot, Vantage
from kinetune.model.hotspots_result import HotspotsResult, SourceRanking, Spot
from kinetune.model.report import Cell, Heading, Paragraph, Section, Table, Tone
from kinetune.views.hotspots_advice import advice_context, describe_releases, show_advice
from kinetune.views.hotspots_names import SOURCE_TEXTS, name_query, name_resource, name_spot

_BLOCKS = "▁▂▃▄▅▆▇█"
_SPARKLINE_WIDTH = 24
MEASURES = ("calls", "share", "total", "p50", "p95", "p99", "max")
"""Columns of a ranking of a log."""
_NO_ARGUMENTS = frozenset(era.name for era in ERAS if "E10" <= era.number <= "E16")
"""Eras whose Slow SQL lines have no arguments (docs/facts/kine.md §2.3)."""


def show_ranking(ranking: SourceRanking, result: HotspotsResult, top: int) -> Iterator[Section]:
    """Its heading, what it measured, the `top` heaviest hotspots, and advice for them."""
    spots = ranking.spots[:top]
    yield from introduce_ranking(ranking)
    logged = [spot for spot in spots if isinstance(spot, Hotspot)]
    yield _log_table(logged, result) if logged else counter_table(spots, ranking.seconds)
    yield from show_omissions(ranking, top)
    yield from show_advice(spots, advice_context(result))


def introduce_ranking(ranking: SourceRanking) -> Iterator[Section]:
    """Its heading, and what its numbers include."""
    text = SOURCE_TEXTS[ranking.vantage]
    yield Heading(text.title)
    yield Paragraph(text.meaning + _describe_period(ranking), Tone.DIM)


def show_omissions(ranking: SourceRanking, top: int) -> Iterator[Section]:
    """The hotspots beyond `top`, and resources that the log does not name."""
    if rest := ranking.spots[top:]:
        share = sum(spot.share for spot in rest)
        more = f"{format_count(len(rest), 'more hotspot')} with {format_percent(share, 1.0)} of the time"
        yield Paragraph(f"{more}: use --top {len(ranking.spots)}", Tone.DIM)
    if any(_lacks_arguments(spot) for spot in ranking.spots[:top] if isinstance(spot, Hotspot)):
        yield Paragraph("–: unknown resource; Kine v0.11.11 to v0.15.0 logs no arguments.", Tone.DIM)


def sum_timeline(timeline: Sequence[TimeSlot], span: tuple[float, float], parts: int) -> list[float]:
    """Total ms in each of `parts` equal parts of the span, whose ends are seconds since 1970."""
    first, last = span
    width = max(last - first, 1e-9) / parts
    sums = [0.0] * parts
    for slot in timeline:
        sums[min(max(int((slot.at - first) / width), 0), parts - 1)] += slot.total_ms
    return sums


def time_span(result: HotspotsResult) -> tuple[float, float]:
    """That of all hotspots, also those that --top hides: columns of two sparklines are the same time."""
    assert result.logs is not None
    starts = [slot.at for spot in result.logs.hotspots for slot in spot.timeline]
    return min(starts), max(starts) + result.logs.slot_seconds


def draw_timeline(spot: Hotspot, span: tuple[float, float]) -> Cell:
    """The time spent over the span, as blocks of which the highest is the largest value; a dot is 0."""
    values = sum_timeline(spot.timeline, span, _SPARKLINE_WIDTH)
    highest = max(values)
    levels = (min(int(value / (highest or 1.0) * len(_BLOCKS)), len(_BLOCKS) - 1) for value in values)
    text = "".join(_BLOCKS[level] if value else "·" for value, level in zip(values, levels, strict=True))
    return Cell(text, series=tuple(sum_timeline(spot.timeline, span, 2 * _SPARKLINE_WIDTH)))


def format_measures(spot: Hotspot) -> tuple[Cell, ...]:
    """The cells of MEASURES."""
    times = (spot.total_ms, spot.p50, spot.p95, spot.p99, spot.max)
    return (
        Cell(f"{spot.count:,}"),
        Cell(format_percent(spot.share, 1.0)),
        *(Cell(format_duration(time)) for time in times),
    )


def name_releases(spots: Sequence[Spot], result: HotspotsResult) -> list[str]:
    """
    For each hotspot ` (Kine v0.9.0 – v0.11.8)`, or nothing if no other hotspot has its name: two eras may use one name
    for different statements.
    """
    names = [name_spot(spot) for spot in spots]
    origin = advice_context(result).origin
    releases = [describe_releases(spot, origin) if names.count(name_spot(spot)) > 1 else "" for spot in spots]
    return [f" ({text})" if text else "" for text in releases]


def _lacks_arguments(spot: Hotspot) -> bool:
    """Whether it is a list whose Kine does not log arguments. Other calls without a resource have none."""
    return spot.query in LISTS and not spot.resource and bool(spot.eras) and _NO_ARGUMENTS.issuperset(spot.eras)


def _describe_period(ranking: SourceRanking) -> str:
    if ranking.vantage in (Vantage.KINE_LOG, Vantage.SERVER_LOG, Vantage.API_SERVER):
        return ""
    if ranking.seconds is None:
        return " Counted since the last reset of the statistics, whose time this server does not report."
    return f" Counted over {format_duration(ranking.seconds * 1000.0)}."


def _log_table(spots: Sequence[Hotspot], result: HotspotsResult) -> Table:
    span = time_span(result)
    rows = tuple(
        (
            Cell(name_query(spot) + releases),
            Cell(name_resource(spot.resource)),
            *format_measures(spot),
            draw_timeline(spot, span),
            Cell(format_clock_span(spot.first, spot.last), Tone.DIM),
        )
        for spot, releases in zip(spots, name_releases(spots, result), strict=True)
    )
    columns = ("query", "resource", *MEASURES, "over time", "first – last (UTC)")
    return Table(columns, rows, frozenset(MEASURES), "resource")


def counter_table(spots: Sequence[Spot], seconds: float | None) -> Table:
    """Without the columns that no source fills: the counters differ by server and release."""
    rows = [_counter_row(spot, seconds) for spot in spots if isinstance(spot, QueryCost)]
    columns = [
        name
        for name in _counter_row(QueryCost("", (), 1, 0.0, 0.0), seconds)
        if name in ("query", "calls") or any(row[name] != "–" for row in rows)
    ]
    cells = tuple(tuple(Cell(row[name]) for name in columns) for row in rows)
    return Table(tuple(columns), cells, frozenset(columns) - {"query"}, "query")


def _counter_row(cost: QueryCost, seconds: float | None) -> dict[str, str]:
    # YugabyteDB counts these if yb_enable_pg_stat_statements_rpc_stats is on (docs/facts/yugabytedb.md §6).
    requests = cost.extra.get("docdb_read_rpcs")
    return {
        "query": name_query(cost),
        "calls": f"{cost.count:,}",
        "per second": f"{cost.count / seconds:,.1f}" if seconds else "–",
        "share": format_percent(cost.share, 1.0),
        "total": format_duration(cost.total_ms),
        "mean": format_duration(cost.mean),
        "p50": format_duration(cost.p50),
        "p95": format_duration(cost.p95),
        "p99": format_duration(cost.p99),
        "max": format_duration(cost.max),
        "rows per call": "–" if cost.rows is None else f"{cost.rows / cost.count:,.1f}",
        "requests per call": "–" if requests is None else f"{requests / cost.count:,.1f}",
        "errors": f"{cost.errors:,}" if cost.errors else "–",
    }
