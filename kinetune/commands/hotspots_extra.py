"""Beside the hotspots: the slowest calls, other signals, sessions, Kine's other counters, notices, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from kinetune.formatting import format_clock, format_count, format_duration, format_list
from kinetune.kine.pool import IDLE, RAISE
from kinetune.model.counters import Activity, Costs
from kinetune.model.hotspot import Counts, Reading
from kinetune.model.report import Cell, Heading, Heat, Items, Paragraph, Section, Table, Tone
from kinetune.views.hotspots_words import name, place, resource, slots

if TYPE_CHECKING:
    from kinetune.commands.hotspots import Seen
    from kinetune.views.hotspots import Telling

_WORST = 10
_COLUMNS = 60
_LINES = 12


def extra(seen: Seen, telling: Telling) -> Iterator[Section]:
    if seen.reading:
        yield from _worst(seen.reading)
        yield from _signals(seen.reading)
    if seen.activity:
        yield from _activity(seen.activity)
    if seen.metrics:
        yield from _gauges(seen.metrics)
    yield from _notices(seen, telling)


def _worst(reading: Reading) -> Iterator[Section]:
    """Of all hotspots; from which vantage is told by the log it stands in."""
    every = [(one, spot) for spot in reading.hotspots for one in spot.worst]
    slowest = sorted(every, key=lambda pair: -pair[0].milliseconds)[:_WORST]
    if not slowest:
        return
    rows = tuple(
        (
            Cell(format_clock(one.at)),
            Cell(format_duration(one.milliseconds)),
            Cell(name(spot)),
            Cell(place(one.resource) or "–"),
            Cell(one.source, Tone.DIM),
        )
        for one, spot in slowest
    )
    yield Heading("Slowest calls")
    yield Table(("began (UTC)", "took", "query", "resource", "in"), rows, frozenset({"took"}), "in")


def _signals(reading: Reading) -> Iterator[Section]:
    if not reading.signals:
        return
    rows = tuple(
        (
            Cell(f"{one.count:,}"),
            Cell(one.words),
            Cell(format_clock(one.first), Tone.DIM),
            Cell(format_clock(one.last), Tone.DIM),
            Cell(f"kinetune rule {one.rule}" if one.rule else "–"),
        )
        for one in reading.signals
    )
    yield Heading("Other signals in the logs")
    yield Table(
        ("lines", "what they tell", "first", "last", "explained by"), rows, frozenset({"lines"}), "what they tell"
    )


def _activity(activity: Activity) -> Iterator[Section]:
    yield Heading("What runs now")
    if not activity.running:
        yield Paragraph(f"Nothing: {format_count(activity.idle, 'session')} idle.")
        return
    rows = tuple(
        (
            Cell(str(one.pid)),
            Cell(one.query if one.is_kine else f"{one.query} (not Kine's)"),
            Cell(one.state),
            Cell(format_duration(one.seconds * 1000.0)),
            Cell(one.waits_for or "–", Tone.WARN if one.waits_for else Tone.PLAIN),
            Cell(", ".join(map(str, one.blocked_by)) or "–", Tone.BAD if one.blocked_by else Tone.PLAIN),
            Cell(one.application or "–", Tone.DIM),
            Cell(one.node, Tone.DIM),
        )
        for one in activity.running
    )
    columns = ("process", "statement", "state", "for", "waits for", "held up by", "application", "node")
    yield Table(columns, rows, frozenset({"process", "for"}), "application")
    yield Paragraph(f"{format_count(activity.idle, 'more session')} idle.", Tone.DIM)


def _gauges(metrics: Costs) -> Iterator[Section]:
    lines = [*_pool(metrics), *_counts(metrics)]
    if lines:
        yield Heading("What else Kine counts")
        yield Items(tuple(lines))


def _pool(metrics: Costs) -> Iterator[Cell]:
    """Go's database/sql: a bound of 0 is none."""
    gauges, grown = metrics.gauges, metrics.growth
    if "go_sql_open_connections" not in gauges:
        return
    bound = (
        f" of {gauges['go_sql_max_open_connections']:.0f}"
        if gauges.get("go_sql_max_open_connections")
        else ", no bound"
    )
    in_use = gauges.get("go_sql_in_use_connections", 0.0)
    yield Cell(f"Connections: {gauges['go_sql_open_connections']:.0f} open{bound}, {in_use:.0f} in use")
    waits, seconds = grown.get("go_sql_wait_count_total", 0.0), grown.get("go_sql_wait_duration_seconds_total", 0.0)
    if waits:
        each = format_duration(seconds * 1000.0 / waits)
        yield Cell(
            f"Waits for a connection: {waits:,.0f}{_rate(waits, metrics.seconds)}, {each} each → {RAISE}, "
            "or look what holds them (kinetune rule KT701)",
            Tone.WARN,
        )
    closed = grown.get("go_sql_max_idle_closed_total", 0.0)
    if closed:
        yield Cell(
            f"Connections closed because too many were idle: {closed:,.0f}{_rate(closed, metrics.seconds)} → raise "
            f"{IDLE} in the environment of Kine or K3s",
            Tone.WARN,
        )


_WORDS = {"kine_insert_errors_total": "Inserts that failed", "kine_compact_total": "Compactions"}


def _counts(metrics: Costs) -> Iterator[Cell]:
    for metric, value in sorted(metrics.growth.items()):
        base, _, labels = metric.partition("{")
        if base in _WORDS and value:
            inside = f" ({labels.rstrip('}').replace(chr(34), '')})" if labels else ""
            yield Cell(f"{_WORDS[base]}{inside}: {value:,.0f}{_rate(value, metrics.seconds)}")


def _rate(count: float, seconds: float | None) -> str:
    return f" ({count / seconds:,.2f} a second)" if seconds else ""


def _notices(seen: Seen, telling: Telling) -> Iterator[Section]:
    said = [str(failure) for failure in seen.failures]
    if seen.reading:
        said += _of_counts(seen.reading.counts)
    for part in (seen.statements, seen.metrics, seen.activity):
        said += part.notices if part else ()
    said += telling.notes
    if said:
        yield Heading("To be said")
        yield Items(tuple(Cell(line, Tone.WARN) for line in dict.fromkeys(said)))


def _of_counts(counts: Counts) -> Iterator[str]:
    """What of the logs was not read or not understood, or is told otherwise than written."""
    yield from counts.notices
    told: Mapping[str, int] = {
        "with a known marker {was} not understood": counts.not_understood,
        "longer than is read at once {was} cut": counts.too_long,
        "had no time at all and {was} taken as of the line before": counts.timeless,
        "had a time without a zone, read as UTC or as --zone says": counts.zoneless,
    }
    for words, count in told.items():
        if count:
            yield f"{format_count(count, 'line')} {words.format(was='was' if count == 1 else 'were')}"
    if len(counts.zones) > 1:
        yield f"times came in several zones ({format_list(map(_zone, counts.zones))}); all are told in UTC"
    if counts.jumps:
        yield f"a clock went back by more than a minute {format_count(counts.jumps, 'time')}: the order is not sure"
    if counts.folded:
        yield f"{format_count(counts.folded, 'light hotspot')} put together as (others)"


def _zone(offset: int) -> str:
    hours, minutes = divmod(abs(offset) // 60, 60)
    return "UTC" if not offset else f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def pictures(seen: Seen, telling: Telling) -> Iterator[Section]:
    """A line over time for each hotspot, and how long calls took over time: for pages."""
    reading = seen.reading
    if reading is None or not reading.hotspots or not reading.heat:
        return
    first = min(cell.at for cell in reading.heat)
    last = max(cell.at for cell in reading.heat) + reading.slot_seconds
    columns = max(min(_COLUMNS, round((last - first) / reading.slot_seconds)), 1)
    times = tuple(format_clock(first + (last - first) * at / columns) for at in range(columns))
    yield Heading("Over time")
    lines = tuple(
        (f"{name(spot)} {resource(spot)}", tuple(slots(spot.timeline, first, last, columns)))
        for spot in reading.hotspots[: min(telling.top, _LINES)]
    )
    yield Heat("Time spent, each line to its own scale (UTC)", "ms", times, lines, steps=True)
    yield Heat("How long calls took (UTC)", "calls", times, _latency(reading, (first, last), columns))


def _latency(reading: Reading, span: tuple[float, float], columns: int) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """The slowest on top; a row for each doubling between the fastest and the slowest."""
    rows: dict[float, list[float]] = {cell.from_ms: [0.0] * columns for cell in reading.heat}
    width = (span[1] - span[0]) / columns
    for cell in reading.heat:
        rows[cell.from_ms][min(int((cell.at - span[0]) / width), columns - 1)] += cell.count
    return tuple(
        (f"{format_duration(low)} to {format_duration(2 * low)}", tuple(rows[low]))
        for low in sorted(rows, reverse=True)
    )
