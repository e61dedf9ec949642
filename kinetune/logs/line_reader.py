"""A line with a marker → at most one event, and the counts of what was understood."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from kinetune.logs.csvlog import parse_csv_record
from kinetune.logs.envelopes import PIECE_BYTES, has_envelope, journal_timestamp, unwrap_line
from kinetune.logs.fast_path import FastPath, FastRun
from kinetune.logs.jsonlog import parse_json_record
from kinetune.logs.known_texts import is_known_text
from kinetune.logs.learned_envelope import LearnedEnvelope
from kinetune.logs.marker_search import Hit
from kinetune.logs.nested_lines import has_nested_line, unwrap_nested_line
from kinetune.logs.options import LogOptions
from kinetune.logs.release_lines import OriginReader
from kinetune.logs.running_counts import RunningCounts, SourceClock
from kinetune.logs.server_records import RecordOrigin, ServerRecordReader
from kinetune.logs.signal_lines import find_signal, read_attempts
from kinetune.logs.slow_sql import SLOW_SQL, TimedStatement, parse_slow_sql
from kinetune.logs.statements import (
    find_argument_key,
    find_eras,
    find_literal_key,
    locate_key,
    recognise_statement,
)
from kinetune.logs.stderrlog import StatementRecord, parse_stderr_record
from kinetune.logs.timestamps import KLOG, Timestamp, find_timestamp, find_yearless_timestamp, parse_timestamp
from kinetune.logs.trace_lines import parse_trace
from kinetune.logs.window import MAX_LINE_BYTES, Window
from kinetune.model.hotspot import LoggedPlan, LoggedTrace, Signal, SlowCall

_START_BYTES = 40
"""A date further in a line may be one that the message is about."""
_MARKER_BYTES = 8
"""The first letters of a marker identify it within its line: `Slow SQL`, `duration`."""

_LEVEL = re.compile(rb"(?:LOG:  (?:00000: )?|,LOG,00000,\")\Z")
_MAX_LEVEL_BYTES = 16

LogEvent = SlowCall | Signal | LoggedPlan | LoggedTrace


class MarkerKind(Enum):
    """
    What a marker announces: Slow SQL, a duration, a signal, the statement of a later duration (log_statement), or a
    trace of the API server.
    """

    SLOW_SQL, DURATION, SIGNAL, STATEMENT, TRACE = range(5)


class MarkedLine(NamedTuple):
    """A line of a window, from `start` to its newline at `end`, with a marker at `position`."""

    window: Window
    start: int
    end: int
    position: int


class LineResult(NamedTuple):
    """The event of a line, and where the next line begins."""

    event: LogEvent | None
    end: int


class LineReader:
    """
    Reads the lines of one source. `newest` (seconds since 1970 UTC) is a time that no line is after.

    The attributes are what the scanner knows of the source: they decide which markers it searches.
    """

    def __init__(self, source: str, options: LogOptions, counts: RunningCounts, newest: float) -> None:
        self._source = source
        self._options = options
        self._keeps_all = options == LogOptions(by=options.by, zone=options.zone, jobs=options.jobs)
        self._counts = counts
        self._newest = newest
        self._dated: float | None = None
        """The last time of a log with dates, by which lines without a year get theirs."""
        self._clock = SourceClock(counts)
        self._server = ServerRecordReader(options)
        self.learned = LearnedEnvelope()
        """What is before and after each line; the scanner replaces it by what it learns."""
        self._fast_path = FastPath(source, options, self._clock)
        self.origin = OriginReader(source, counts.origin)
        self.is_journal = False
        """The log is output of `journalctl -o json`."""
        self.is_server_log = False
        """At least part of the log is from a PostgreSQL server."""
        self.is_only_server_log = False
        """Most of the first lines are from a server, and no Slow SQL was found: Kine's signals are not searched."""
        self.has_slow_sql = False
        """The log has a line with Slow SQL that was understood: the API server's traces are not searched."""
        self.has_debug_lines = False
        """The log has lines of Kine's --debug."""
        self.has_announcements = False
        """Durations come without their statements, which log_statement writes before them."""

    def read_slow_lines(self, window: Window, hits: list[Hit], at: int) -> tuple[list[SlowCall], int]:
        """The calls of lines with Slow SQL from hit number `at` on, and where they end: 0 if there are none."""
        run = self._fast_path.parse_slow_lines(window, hits, at)
        if run.calls:
            self.is_only_server_log = False
            self.has_slow_sql = True
            for position, _ in hits[at : at + len(run.calls)]:
                self.origin.observe_statement(window.data, position)
        return self._count_run(run), run.end

    def read_records(self, window: Window, start: int, position: int) -> tuple[list[SlowCall], int]:
        """The calls of consecutive server records from `start` on, and where they end: 0 if there are none."""
        self.is_server_log = True
        run = self._fast_path.parse_records(window, start, position)
        return self._count_run(run), run.end

    def _count_run(self, run: FastRun) -> list[SlowCall]:
        """The calls of a run that the options do not exclude. FastPath has moved the clock already."""
        if not run.calls:
            return run.calls
        self._dated = run.calls[-1].at
        self._counts.count_format(run.format_name, len(run.calls))
        for offset in run.offsets:
            self._count_zone(offset)
        if self._keeps_all:
            self._counts.calls += len(run.calls)
            return run.calls
        return [call for call in run.calls if self._count_within(call) is not None]

    def set_order(self, is_newest_first: bool) -> None:
        """Whether the next lines are those of an export whose times decrease."""
        self._clock.is_newest_first = is_newest_first

    def read_line(self, line: MarkedLine, kind: MarkerKind) -> LineResult | None:
        """The result of a line of any form; None if its record continues after the window."""
        nested = _unwrap_nested(line, kind)
        if nested is not None:
            result = self._read_plain_line(nested, kind)
            return None if result is None else LineResult(result.event, line.end + 1)
        return self._read_plain_line(line, kind)

    def _read_plain_line(self, line: MarkedLine, kind: MarkerKind) -> LineResult | None:
        if kind is MarkerKind.SLOW_SQL:
            return self._read_slow_sql(line)
        if kind is MarkerKind.TRACE:
            return self._read_trace(line)
        return self._read_signal(line) if kind is MarkerKind.SIGNAL else self._read_record(line)

    def _read_slow_sql(self, line: MarkedLine) -> LineResult | None:
        self.is_only_server_log = False
        data, start, end, position = line.window.data, line.start, line.end, line.position
        text, after = data[start : min(end, start + MAX_LINE_BYTES)].rstrip(b"\r"), end + 1
        if _may_be_piece(line):
            joined = _join_pieces(line)
            if joined is None:
                return None
            text, after = joined
            position = start + text.find(SLOW_SQL)
        found = parse_slow_sql(text, position - start)
        if found is None and (inner := unwrap_nested_line(text, SLOW_SQL)) is not None:
            text = inner  # pieces of a line of an unknown envelope, which were joined above
            found = parse_slow_sql(text, text.find(SLOW_SQL))
        if found is None:
            self._counts.not_understood += 1
            return LineResult(None, after)
        self.origin.observe_statement(b" " + found.sql, 0)
        self.has_slow_sql = True
        self._counts.count_format(found.format_name)
        return LineResult(self._count_wanted(self._make_call(found, text)), after)

    def _make_call(self, found: TimedStatement, text: bytes) -> SlowCall:
        recognised = recognise_statement(self.learned.clean_statement(found.sql))
        query, eras = recognised
        if found.name:
            query, eras = found.name, find_eras(found.name, recognised)
        located = find_argument_key(found.arguments) if found.arguments else find_literal_key(found.sql)
        resource, key = locate_key(located, self._options.by) if located else ("", "")
        started = parse_timestamp(found.started, self._options.zone)
        if started is not None:
            self._count_zone(started.offset)
            at = self._dated = started.at
        else:
            at = self._find_time(text) - found.milliseconds / 1000.0
        return SlowCall(at, query, eras, resource, key, found.milliseconds, self._source)

    def _read_record(self, line: MarkedLine) -> LineResult | None:
        record = _parse_record(line)
        if isinstance(record, int):
            return None
        if record is None or not (record.kind or _follows_level(line)):
            return self._skip_line(line)
        self.is_server_log = True
        record = record._replace(sql=self.learned.clean_statement(record.sql))
        self.has_announcements = self.has_announcements or (not record.kind and record.milliseconds is not None)
        self._counts.count_format(record.format_name)
        if record.milliseconds is not None:
            self.origin.observe_duration()
        event = self._server.interpret(record, RecordOrigin(self._source, self._find_time(record.stamp)))
        if event is None:
            self._counts.passing += 1
        return LineResult(self._count_wanted(event) if event else None, record.end)

    def _skip_line(self, line: MarkedLine) -> LineResult:
        """Any program may write `duration: `. Only from a PostgreSQL server it is a line that was not understood."""
        self._counts.not_understood += _follows_level(line)
        return LineResult(None, line.end + 1)

    def _read_signal(self, line: MarkedLine) -> LineResult | None:
        first = line.window.data[line.start : min(line.end, line.start + MAX_LINE_BYTES)]
        # The error is at the end of a line, which may be in another piece.
        joined = _join_pieces(line) if _may_be_piece(line) else (first, line.end + 1)
        attempts = joined and read_attempts(line.window, *joined)
        if not joined or not attempts:
            return None
        further, after = attempts
        found = find_signal(joined[0], further)
        if found is None:
            return LineResult(None, after)
        self.origin.observe_message(joined[0])
        signal = Signal(found[0].kind, self._find_time(first), self._source, found[1])
        return LineResult(self._count_wanted(signal), after)

    def _read_trace(self, line: MarkedLine) -> LineResult:
        text = line.window.data[line.start : min(line.end, line.start + MAX_LINE_BYTES)]
        traced = parse_trace(unwrap_line(text).content, self._options.zone, self._options.by)
        if traced is None:
            self._counts.passing += 1
            return LineResult(None, line.end + 1)
        self._counts.count_format("kube-apiserver traces")
        started = traced.started
        if started is None:
            at = self._find_time(text) - traced.milliseconds / 1000.0
        else:
            self._count_zone(started.offset)
            at = started.at
        trace = LoggedTrace(at, traced.query, traced.resource, traced.key, traced.milliseconds, self._source)
        return LineResult(self._count_wanted(trace), line.end + 1)

    def _count_wanted(self, event: LogEvent) -> LogEvent | None:
        """Count the event; None if the options exclude it."""
        took = 0.0 if isinstance(event, Signal) else event.milliseconds
        self._clock.advance(event.at + took / 1000.0)
        return self._count_within(event)

    def _count_within(self, event: LogEvent) -> LogEvent | None:
        """As _count_wanted, for an event whose time the clock has."""
        options, counts = self._options, self._counts
        too_short = not isinstance(event, Signal) and event.milliseconds < options.at_least_ms
        if too_short or not options.since <= event.at <= options.until:
            counts.passing += 1
            return None
        if isinstance(event, SlowCall):
            counts.calls += 1
        elif isinstance(event, Signal):
            counts.signals += 1
        elif isinstance(event, LoggedPlan):
            counts.plans += 1
        return event  # the collector counts traces, when it knows whether they are ranked

    def _find_time(self, text: bytes) -> float:
        """
        When the line was written, in seconds since 1970 UTC; the time of the line before it if it has none.

        A time in the whole text is the last resort: it may belong to the statement. One after klog's belongs to the
        message: `x509: certificate has expired: current time 2026-…`.
        """
        head = text[:512]
        if klog := KLOG.search(head):
            head = head[: klog.end()]
        zone = self._options.zone
        found = (
            find_timestamp(head, zone)
            or _find_journal_time(text)
            or find_yearless_timestamp(head, self._newest, zone, self._dated)
            or find_timestamp(text, zone)
        )
        if found is None:
            self._counts.timeless += 1
            return self._clock.last if self._clock.last > 0 else self._newest
        self._count_zone(found.offset)
        self._dated = self._dated and found.at
        return found.at

    def learn_date(self, lines: list[bytes]) -> None:
        """Remember the first time with a date: K3s writes lines with a date and klog's, which have no year."""
        if self._dated is None:
            starts = (unwrap_line(line).content[:_START_BYTES] for line in lines)
            found = next(filter(None, (find_timestamp(start, self._options.zone) for start in starts)), None)
            self._dated = found.at if found else None

    def _count_zone(self, offset: int | None) -> None:
        if offset is None:
            self._counts.zoneless += 1
        else:
            self._counts.zones.add(offset)


def _follows_level(line: MarkedLine) -> bool:
    """
    Whether the marker is directly after PostgreSQL's level and, with log_error_verbosity = verbose, its SQLSTATE, or in
    its JSON.
    """
    data, start, end, position = line.window.data, line.start, line.end, line.position
    if _LEVEL.search(data, max(start, position - _MAX_LEVEL_BYTES), position):
        return True
    return data[position - 1 : position] == b'"' and data.find(b'"error_severity"', start, end) >= 0


def _may_be_piece(line: MarkedLine) -> bool:
    """Only a long line, or one that CRI marks with P, can be a piece of a longer one."""
    data, start = line.window.data, line.start
    is_candidate = line.end - start > PIECE_BYTES or b" P " in data[start : start + 64]
    return is_candidate and has_envelope(data, start, line.position)


def _unwrap_nested(line: MarkedLine, kind: MarkerKind) -> MarkedLine | None:
    """The line within a line, as a window of its own; None for a line that is read as it is."""
    text = line.window.data[line.start : min(line.end, line.start + MAX_LINE_BYTES)]
    position = line.position - line.start
    if _may_be_piece(line) or not has_nested_line(text, position):
        return None
    # A record of a server continues in the next lines of its envelope: stderrlog.py joins them.
    is_record = kind in (MarkerKind.DURATION, MarkerKind.STATEMENT)
    if is_record and (envelope := unwrap_line(text)).envelopes and is_known_text(envelope.content):
        return None
    # What follows a backslash is escaped, and has another form in the inner line.
    marker = text[position : position + _MARKER_BYTES].partition(b"\\")[0]
    inner = unwrap_nested_line(text, marker)
    at = -1 if inner is None else inner.find(marker)
    if inner is None or at < 0:
        return None
    start = inner.rfind(b"\n", 0, at) + 1
    end = inner.find(b"\n", at)
    return MarkedLine(Window(inner, len(inner), True), start, len(inner) if end < 0 else end, at)


def _find_journal_time(text: bytes) -> Timestamp | None:
    at = journal_timestamp(text)
    return None if at is None else Timestamp(at, 0)


def _parse_record(line: MarkedLine) -> StatementRecord | int | None:
    """The characters before the message distinguish PostgreSQL's formats: none, `,"` in csvlog, `"` in jsonlog."""
    window, start, end, at = line
    data = window.data
    if data[at - 1 : at] != b'"':
        return parse_stderr_record(window, start, at)
    if data[at - 2 : at] == b',"':
        return parse_csv_record(window, start, at)
    return parse_json_record(data[start : min(end, start + MAX_LINE_BYTES)], end + 1)


def _join_pieces(line: MarkedLine) -> tuple[bytes, int] | None:
    """A line that its envelope split, and where the next one begins; None if the window ends before its last piece."""
    data, at, text = line.window.data, line.start, b""
    while at < line.window.limit and len(text) < MAX_LINE_BYTES:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        unwrapped = unwrap_line(data[at:end])
        if text and not unwrapped.envelopes:  # the last piece is missing
            return text, at
        text += unwrapped.content
        at = end + 1
        if not unwrapped.partial:
            return text, at
    return (text, at) if line.window.final or len(text) >= MAX_LINE_BYTES else None
