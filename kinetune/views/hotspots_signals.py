"""The signals of logs: starts that failed, as the first thing of a report, and a table of all others with advice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kinetune.formatting import format_clock_span, format_count
from kinetune.model.hotspot import LogReading, SignalCount
from kinetune.model.report import Cell, ExpandableTable, Heading, LabelledLines, Paragraph, Section, Table, Tone


def show_failed_starts(logs: LogReading) -> Iterator[Section]:
    """Why Kine or K3s did not start, and what to do."""
    for signal in logs.signals:
        if signal.start_failed:
            at = f"{format_count(signal.count, 'line')}, {format_clock_span(signal.first, signal.last)} UTC"
            yield Paragraph(f"{signal.words} ({at}).", Tone.BAD)
            yield LabelledLines("", tuple(_describe_signal(signal)))


def show_signals(logs: LogReading) -> Iterator[Section]:
    """A table of the other signals, then the cause and the fix of each of which they are known."""
    signals = _list_other_signals(logs)
    if signals:
        yield Heading("Other signals in the logs")
        yield _signal_table(signals)
    for signal in signals:
        if signal.cause or signal.fix:
            yield LabelledLines(signal.words, tuple(_describe_signal(signal)))


def expand_signals(logs: LogReading) -> Iterator[Section]:
    """As show_signals, for a page: each row opens to its cause, its fix and an example."""
    if signals := _list_other_signals(logs):
        yield Heading("Other signals in the logs")
        yield ExpandableTable(_signal_table(signals), tuple(map(_show_details, signals)))


def _list_other_signals(logs: LogReading) -> list[SignalCount]:
    """All but those of failed starts, which the summary has."""
    return [signal for signal in logs.signals if not signal.start_failed]


def _signal_table(signals: Sequence[SignalCount]) -> Table:
    rows = tuple(
        (
            Cell(signal.words),
            Cell(f"{signal.count:,}"),
            Cell(format_clock_span(signal.first, signal.last), Tone.DIM),
            Cell(f"kinetune rule {signal.rule}" if signal.rule else "–"),
        )
        for signal in signals
    )
    return Table(("meaning", "lines", "first – last (UTC)", "explained by"), rows, frozenset({"lines"}), "meaning")


def _show_details(signal: SignalCount) -> tuple[Section, ...]:
    lines = tuple(_describe_signal(signal))
    return (LabelledLines("", lines),) if lines else ()


def _describe_signal(signal: SignalCount) -> Iterator[tuple[str, str]]:
    labelled = (
        ("cause", "" if signal.cause in signal.words else signal.cause),
        ("fix", signal.fix),
        ("releases", signal.releases),
        ("example", signal.example),
    )
    yield from ((label, text) for label, text in labelled if text)
