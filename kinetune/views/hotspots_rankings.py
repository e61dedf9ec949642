"""One source's ranking in words: what it measured, its hotspots as a table, and advice for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kinetune.formatting import format_clock, format_count, format_duration, format_list, format_percent
from kinetune.kine.advice import LISTS, AdviceContext, find_remedy, write_advice
from kinetune.kine.keyspace import resource_name, resource_prefix
from kinetune.kine.releases import ERAS
from kinetune.model.counters import QueryCost
from kinetune.model.hotspot import Hotspot, TimeSlot, Vantage
from kinetune.model.hotspots_result import ExceededLimit, HotspotsResult, SourceRanking, Spot
from kinetune.model.report import BulletList, Cell, Heading, Paragraph, Section, Table, Tone

_KINE_TIME = "A time ends at the first row and includes waiting for a connection of Kine's pool"
_SERVER_TIME = "A time includes sending all rows and excludes waiting in Kine's pool"
_BLOCKS = "▁▂▃▄▅▆▇█"
_SPARKLINE_WIDTH = 24
_NO_ARGUMENTS = frozenset(era.name for era in ERAS if "E10" <= era.number <= "E16")
"""Eras whose Slow SQL lines have no arguments (docs/facts/kine.md §2.3)."""


@dataclass(frozen=True)
class SourceText:
    """How a report speaks of a source: `name` within a sentence, `meaning` for what its numbers include."""

    name: str
    title: str
    meaning: str


SOURCE_TEXTS: Mapping[Vantage, SourceText] = MappingProxyType(
    {
        Vantage.KINE_LOG: SourceText(
            "Kine's log",
            "Slow calls, measured by Kine",
            f"Kine's log has calls slower than --slow-sql-threshold (default 1 s). {_KINE_TIME}.",
        ),
        Vantage.SERVER_LOG: SourceText(
            "the server's log",
            "Slow statements, measured by the server",
            f"The server's log has statements slower than log_min_duration_statement. {_SERVER_TIME}.",
        ),
        Vantage.METRICS: SourceText(
            "Kine's metrics",
            "All calls, counted by Kine",
            f"Kine's metrics count every call. {_KINE_TIME}. Percentiles are estimates: the limits of the histogram's "
            "buckets double from 1 ms.",
        ),
        Vantage.STATEMENTS: SourceText(
            "pg_stat_statements",
            "All statements, counted by the server",
            f"pg_stat_statements counts every call, without times of day and keys. {_SERVER_TIME}.",
        ),
    }
)


def show_ranking(ranking: SourceRanking, result: HotspotsResult, top: int) -> Iterator[Section]:
    """Its heading, what it measured, the `top` heaviest hotspots, and advice for them."""
    text, spots = SOURCE_TEXTS[ranking.vantage], ranking.spots[:top]
    yield Heading(text.title)
    yield Paragraph(text.meaning + _describe_period(ranking), Tone.DIM)
    logged = [spot for spot in spots if isinstance(spot, Hotspot)]
    yield _log_table(logged, result) if logged else _counter_table(spots, ranking.seconds)
    if rest := ranking.spots[top:]:
        share = sum(spot.share for spot in rest)
        more = f"{format_count(len(rest), 'more hotspot')} with {format_percent(share, 1.0)} of the time"
        yield Paragraph(f"{more}: use --top {len(ranking.spots)}", Tone.DIM)
    if any(_lacks_arguments(spot) for spot in logged):
        yield Paragraph("–: unknown resource; Kine v0.11.11 to v0.15.0 logs no arguments.", Tone.DIM)
    yield from _show_advice(spots, advice_context(result))


def advice_context(result: HotspotsResult) -> AdviceContext:
    """What advice depends on besides the hotspot itself."""
    signals = result.logs.signals if result.logs else ()
    costs = result.statements.costs if result.statements else ()
    longest = {cost.query: cost.max for cost in costs if cost.max is not None}
    return AdviceContext(frozenset(signal.kind for signal in signals), result.flavour, longest)


def describe_exceeded(exceeded: ExceededLimit) -> str:
    """`limit p99=2s exceeded: ` and locate_exceeded."""
    return f"limit {exceeded.limit.text} exceeded: {locate_exceeded(exceeded)}"


def locate_exceeded(exceeded: ExceededLimit) -> str:
    """`ListCurrentVal on pods (Kine's log, 10 calls, mean 5.50 s, p99 10.0 s)`."""
    spot = exceeded.spot
    times = [f"mean {format_duration(spot.mean)}"]
    if spot.p99 is not None:
        times.append(f"p99 {format_duration(spot.p99)}")
    source = SOURCE_TEXTS[exceeded.vantage].name
    return f"{name_spot(spot)} ({source}, {format_count(spot.count, 'call')}, {', '.join(times)})"


def name_query(spot: Spot) -> str:
    """Kine's name of the query. Without one a log has another program's statement, a counter all queries together."""
    return spot.query or ("(not Kine's)" if isinstance(spot, Hotspot) else "(all queries)")


def name_resource(resource: str) -> str:
    """As kubectl calls a resource; a namespace or a key as it is; an en dash if unknown."""
    return resource_name(resource) if resource and resource_prefix(resource) == resource else resource or "–"


def name_spot(spot: Spot) -> str:
    """`ListCurrentVal on pods`."""
    return f"{name_query(spot)} on {name_resource(spot.resource)}" if spot.resource else name_query(spot)


def sum_timeline(timeline: Sequence[TimeSlot], span: tuple[float, float], parts: int) -> list[float]:
    """Total ms in each of `parts` equal parts of the span, whose ends are seconds since 1970."""
    first, last = span
    width = max(last - first, 1e-9) / parts
    sums = [0.0] * parts
    for slot in timeline:
        sums[min(max(int((slot.at - first) / width), 0), parts - 1)] += slot.total_ms
    return sums


def _draw_sparkline(values: Sequence[float]) -> str:
    """The highest block is the largest value; 0 is a no-break space, because HTML joins and breaks at other spaces."""
    highest = max(values, default=0.0)
    if not highest:
        return ""
    levels = (min(int(value / highest * len(_BLOCKS)), len(_BLOCKS) - 1) for value in values)
    return "".join(
        _BLOCKS[level] if value else "\N{NO-BREAK SPACE}" for value, level in zip(values, levels, strict=True)
    )


def _lacks_arguments(spot: Hotspot) -> bool:
    """Whether it is a list whose Kine does not log arguments. Other calls without a resource have none."""
    return spot.query in LISTS and not spot.resource and bool(spot.eras) and _NO_ARGUMENTS.issuperset(spot.eras)


def _describe_period(ranking: SourceRanking) -> str:
    if ranking.vantage in (Vantage.KINE_LOG, Vantage.SERVER_LOG):
        return ""
    if ranking.seconds is None:
        return " Counted since the last reset of the statistics, whose time this server does not report."
    return f" Counted over {format_duration(ranking.seconds * 1000.0)}."


def _log_table(spots: Sequence[Hotspot], result: HotspotsResult) -> Table:
    columns = ("query", "resource", "calls", "share", "total", "p50", "p95", "p99", "max", "over time", "first", "last")
    assert result.logs is not None
    # All rows have the same span, also those that --top hides: columns of two sparklines are the same time.
    starts = [slot.at for spot in result.logs.hotspots for slot in spot.timeline]
    span = min(starts), max(starts) + result.logs.slot_seconds
    names = [name_spot(spot) for spot in spots]
    rows = []
    for spot, name in zip(spots, names, strict=True):
        # Two eras may use one name for different statements: then the rows say which era.
        era = f" of {spot.eras[-1]}" if names.count(name) > 1 and spot.eras else ""
        times = (spot.total_ms, spot.p50, spot.p95, spot.p99, spot.max)
        rows.append(
            (
                Cell(name_query(spot) + era),
                Cell(name_resource(spot.resource)),
                Cell(f"{spot.count:,}"),
                Cell(format_percent(spot.share, 1.0)),
                *(Cell(format_duration(time)) for time in times),
                Cell(_draw_sparkline(sum_timeline(spot.timeline, span, _SPARKLINE_WIDTH))),
                Cell(format_clock(spot.first), Tone.DIM),
                Cell(format_clock(spot.last), Tone.DIM),
            )
        )
    return Table(columns, tuple(rows), frozenset(columns[2:9]), "resource")


def _counter_table(spots: Sequence[Spot], seconds: float | None) -> Table:
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


def _show_advice(spots: Sequence[Spot], context: AdviceContext) -> Iterator[Section]:
    """Each remedy once, with the hotspots that it applies to, and the plan of the heaviest of them."""
    grouped: dict[str, list[Spot]] = {}
    for spot in spots:
        if remedy := find_remedy(spot, context):
            grouped.setdefault(remedy, []).append(spot)
    if grouped:
        texts = (
            f"{format_list(dict.fromkeys(map(name_spot, spots)))}: {write_advice(spots[0], context)}"
            for spots in grouped.values()
        )
        yield BulletList(tuple(map(Cell, texts)))
