"""The report of `kinetune hotspots`: a ranking for each source, then signals, sessions, metrics, notes and charts."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import (
    format_bytes,
    format_clock,
    format_count,
    format_duration,
    format_list,
    format_period,
)
from kinetune.kine.advice import find_remedy
from kinetune.kine.pool_limit import IDLE, RAISE
from kinetune.model.counters import SNAPSHOT_FILE, Activity, CounterSnapshot, CounterTotals
from kinetune.model.hotspot import LogCounts, LogOrigin, LogReading
from kinetune.model.hotspots_result import HotspotsResult
from kinetune.model.plain_data import encode
from kinetune.model.report import (
    BulletList,
    Cell,
    Heading,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)
from kinetune.views.hotspots_advice import advice_context
from kinetune.views.hotspots_charts import draw_charts
from kinetune.views.hotspots_conclusion import show_conclusion
from kinetune.views.hotspots_data import build_data, build_records
from kinetune.views.hotspots_names import describe_exceeded, name_query, name_resource
from kinetune.views.hotspots_plans import show_plans
from kinetune.views.hotspots_rankings import show_ranking
from kinetune.views.hotspots_signals import expand_signals, show_failed_starts, show_signals

KIND, SCHEMA = "kinetune hotspots", 1
_SLOWEST_CALLS = 10
_COUNTED_METRICS = {"kine_insert_errors_total": "Failed inserts", "kine_compact_total": "Compactions"}


def build_hotspots_report(result: HotspotsResult, top: int) -> Report:
    """Sections with the `top` hotspots of each source for people; all hotspots as data and records for programs."""
    # Statements and sessions are read from the same nodes, and report the same missing node.
    notes = list(dict.fromkeys(_collect_notes(result)))
    summary, rest = (*_show_exceeded(result), *_summarise(result)), tuple(_show_rest(result, notes))
    explained = tuple(_show_explained(result))
    sections = [*summary]
    for ranking in result.rankings:
        sections += show_ranking(ranking, result, top)
    sections += _explain_codes(result, top)
    if result.logs:
        sections += [*_show_slowest_calls(result.logs), *show_signals(result.logs)]
    return Report(
        KIND,
        KIND,
        (*sections, *rest, *explained),
        build_data(result, notes),
        SCHEMA,
        appendix=tuple(show_plans(result)),
        records=build_records(result),
        build_page=lambda: (*summary, *_show_page(result, top), *rest, *explained, *show_plans(result)),
    )


def build_snapshot_report(snapshot: CounterSnapshot) -> Report:
    """The file of --save, data only. It has Kine's query names and numbers, no statements and no keys."""
    return Report(SNAPSHOT_FILE.kind, "", (), encode(snapshot), SNAPSHOT_FILE.schema)


def _show_exceeded(result: HotspotsResult) -> Iterator[Section]:
    if result.exceeded:
        yield BulletList(tuple(Cell(describe_exceeded(exceeded), Tone.BAD) for exceeded in result.exceeded))


def _summarise(result: HotspotsResult) -> Iterator[Section]:
    if result.logs:
        yield from show_failed_starts(result.logs)
    yield from show_conclusion(result)
    if result.logs:
        yield Paragraph(_describe_logs(result.logs))
        if origin := _describe_origin(result.logs.origin):
            yield Paragraph(origin)
    if result.server:
        yield Paragraph(f"Server: {result.server}")


def _show_page(result: HotspotsResult, top: int) -> Iterator[Section]:
    """The middle of a page: charts first, and rows that open."""
    from kinetune.views.hotspots_page import expand_ranking

    if result.logs:
        yield from draw_charts(result.logs)
    for ranking in result.rankings:
        yield from expand_ranking(ranking, result, top)
    yield from _explain_codes(result, top)
    if result.logs:
        yield from _show_slowest_calls(result.logs)
        yield from expand_signals(result.logs)


def _explain_codes(result: HotspotsResult, top: int) -> Iterator[Section]:
    context = advice_context(result)
    spots = [spot for ranking in result.rankings for spot in ranking.spots[:top]]
    if any("KT" in find_remedy(spot, context) for spot in spots):
        yield Paragraph("For a code such as KT107, run kinetune rule KT107.", Tone.DIM)


def _show_rest(result: HotspotsResult, notes: list[str]) -> Iterator[Section]:
    if result.activity:
        yield from _show_sessions(result.activity)
    if result.metrics:
        yield from _show_metrics(result.metrics)
    if notes:
        yield Heading("Notes")
        yield BulletList(tuple(Cell(note, Tone.WARN) for note in notes))


def _show_explained(result: HotspotsResult) -> Iterator[Section]:
    if result.explained:
        from kinetune.views.explain import run_report

        yield Heading("EXPLAIN of the heaviest queries")
        yield from (section for section in run_report(result.explained).sections if not isinstance(section, Heading))


def _describe_logs(logs: LogReading) -> str:
    counts, spots = logs.counts, logs.hotspots
    found = [format_count(counts.calls, "call"), format_count(counts.signals, "signal")]
    if counts.plans:
        found.insert(1, format_count(counts.plans, "plan"))
    text = f"Logs: {format_list(found)} in {format_count(counts.lines, 'line')} ({format_bytes(counts.bytes)})"
    if spots:
        text += f", {format_period(min(spot.first for spot in spots), max(spot.last for spot in spots))}"
    formats = [f"{format} ({format_count(lines, 'line')})" for format, lines in list(counts.formats.items())[:4]]
    return f"{text}. Formats: {format_list(formats)}." if formats else f"{text}."


def _describe_origin(origin: LogOrigin) -> str:
    """The releases and the store that the logs name; empty if they name none."""
    releases = [f"{release} (Kine {release.kine})" if release.kine else str(release) for release in origin.releases]
    parts = [f"Releases: {format_list(dict.fromkeys(releases))}."] if releases else []
    if origin.store_kinds:
        parts.append(f"Store: {format_list(map(str, origin.store_kinds))}.")
    return " ".join(parts)


def _show_slowest_calls(logs: LogReading) -> Iterator[Section]:
    """Of all hotspots and both kinds of log: the last column says which log measured the call."""
    calls = [(call, spot) for spot in logs.hotspots for call in spot.worst]
    slowest = sorted(calls, key=lambda pair: -pair[0].milliseconds)[:_SLOWEST_CALLS]
    if not slowest:
        return
    rows = tuple(
        (
            Cell(format_clock(call.at)),
            Cell(format_duration(call.milliseconds)),
            Cell(name_query(spot)),
            Cell(name_resource(call.resource)),
            Cell(call.source, Tone.DIM),
        )
        for call, spot in slowest
    )
    yield Heading("Slowest calls")
    yield Table(("start (UTC)", "duration", "query", "resource", "log"), rows, frozenset({"duration"}), "log")


def _show_sessions(activity: Activity) -> Iterator[Section]:
    yield Heading("Current sessions")
    if not activity.running:
        yield Paragraph(f"No active sessions. Idle sessions: {activity.idle:,}")
        return
    rows = tuple(
        (
            Cell(str(session.pid)),
            Cell(session.query if session.is_kine else f"{session.query} (not Kine's)"),
            Cell(session.state),
            Cell(format_duration(session.seconds * 1000.0)),
            Cell(session.waits_for or "–", Tone.WARN if session.waits_for else Tone.PLAIN),
            Cell(", ".join(map(str, session.blocked_by)) or "–", Tone.BAD if session.blocked_by else Tone.PLAIN),
            Cell(session.application or "–", Tone.DIM),
            Cell(session.node, Tone.DIM),
        )
        for session in activity.running
    )
    columns = ("process", "statement", "state", "duration", "waiting for", "blocked by", "application", "node")
    yield Table(columns, rows, frozenset({"process", "duration"}), "application")
    yield Paragraph(f"Idle sessions: {activity.idle:,}", Tone.DIM)


def _show_metrics(metrics: CounterTotals) -> Iterator[Section]:
    lines = [*_describe_pool(metrics), *_describe_counts(metrics)]
    if lines:
        yield Heading("Other metrics of Kine")
        yield BulletList(tuple(lines))


def _describe_pool(metrics: CounterTotals) -> Iterator[Cell]:
    """The connection pool of Go's database/sql, which has no limit where max_open_connections is 0."""
    gauges, growth = metrics.gauges, metrics.growth
    if "go_sql_open_connections" not in gauges:
        return
    limit = gauges.get("go_sql_max_open_connections")
    in_use = gauges.get("go_sql_in_use_connections", 0.0)
    of_limit = f"limit {limit:.0f}" if limit else "no limit"
    yield Cell(f"Connections: {gauges['go_sql_open_connections']:.0f} open, {in_use:.0f} in use, {of_limit}")
    if waits := growth.get("go_sql_wait_count_total"):
        mean = format_duration(growth.get("go_sql_wait_duration_seconds_total", 0.0) * 1000.0 / waits)
        yield Cell(
            f"Waits for a connection: {_with_rate(waits, metrics)}, {mean} on average; {RAISE}, or find out what holds "
            "the connections (KT701)",
            Tone.WARN,
        )
    if closed := growth.get("go_sql_max_idle_closed_total"):
        yield Cell(
            f"Connections closed because too many were idle: {_with_rate(closed, metrics)}; raise {IDLE} in the "
            "environment of Kine or K3s",
            Tone.WARN,
        )


def _describe_counts(metrics: CounterTotals) -> Iterator[Cell]:
    for metric, value in sorted(metrics.growth.items()):
        name, _, labels = metric.partition("{")
        if name in _COUNTED_METRICS and value:
            selected = f" ({labels.rstrip('}').replace(chr(34), '')})" if labels else ""
            yield Cell(f"{_COUNTED_METRICS[name]}{selected}: {_with_rate(value, metrics)}")


def _with_rate(count: float, metrics: CounterTotals) -> str:
    return f"{count:,.0f}" + (f" ({count / metrics.seconds:,.2f} per second)" if metrics.seconds else "")


def _collect_notes(result: HotspotsResult) -> Iterator[str]:
    """What was not read or not understood, and what the numbers therefore do not include."""
    yield from map(str, result.failures)
    if result.logs:
        yield from _describe_gaps(result.logs.counts)
    for source in (result.statements, result.metrics, result.activity):
        yield from source.notices if source else ()
    yield from result.notes


def _describe_gaps(counts: LogCounts) -> Iterator[str]:
    yield from counts.notices
    lines = {
        "lines with a known marker that could not be parsed": counts.not_understood,
        "lines in a language that kinetune cannot read (set lc_messages = 'C' on the server)": counts.unknown_language,
        "lines broken into several, as by a terminal (save the log to a file instead of copying it)": counts.broken,
        "lines cut because they are too long": counts.too_long,
        "lines without a time, which get the time of the line before": counts.timeless,
        "lines with a time but no time zone, read as --timezone (default UTC)": counts.zoneless,
        "light hotspots combined as (others)": counts.folded,
    }
    yield from (f"{meaning}: {count:,}" for meaning, count in lines.items() if count)
    if len(counts.zones) > 1:
        yield f"the logs use several time zones ({format_list(map(_format_offset, counts.zones))}); all times are UTC"
    if counts.jumps:
        yield f"a clock went back by more than a minute ({format_count(counts.jumps, 'time')}): the order is uncertain"


def _format_offset(seconds: int) -> str:
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}" if seconds else "UTC"
