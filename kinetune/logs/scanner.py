"""
Bytes of one source → events.

Lines are not read one by one. Markers are searched in whole blocks (marker_search.py), and only a line with a marker is
looked at.
"""

from __future__ import annotations

from kinetune.kine.signals import DEBUG_ONLY, MARKERS, SERVER_ERRORS
from kinetune.logs.envelopes import decode_journal_messages
from kinetune.logs.line_formats import is_debug_line, is_known_line, is_server_line
from kinetune.logs.line_reader import LineReader, LogEvent, MarkedLine, MarkerKind
from kinetune.logs.line_streams import is_broken_line
from kinetune.logs.marker_search import Hit, search_markers
from kinetune.logs.message_translation import MessageTranslator
from kinetune.logs.options import LogOptions
from kinetune.logs.release_lines import START_MARKERS
from kinetune.logs.running_counts import RunningCounts
from kinetune.logs.slow_sql import SLOW_SQL
from kinetune.logs.stderrlog import DURATION
from kinetune.logs.stream_envelopes import StreamEnvelope
from kinetune.logs.trace_lines import TRACE
from kinetune.logs.window import MAX_LINE_BYTES, Window
from kinetune.model.hotspot import SlowCall

_SAMPLE_LINES = 200
_SAMPLE_BYTES = 1 << 18
_SPAN_BYTES = 1 << 14
_COMMON_MARKERS = (SLOW_SQL, DURATION, *MARKERS, *START_MARKERS)
_RARE_MARKERS = (*SERVER_ERRORS, *DEBUG_ONLY)
_STATEMENT_MARKERS = (b"execute ", b"statement: ")
_BEFORE_MESSAGE = (b"LOG:  ", b'LOG,00000,"', b'"message":"')
_KINDS = {SLOW_SQL: MarkerKind.SLOW_SQL, DURATION: MarkerKind.DURATION, TRACE: MarkerKind.TRACE} | dict.fromkeys(
    _STATEMENT_MARKERS, MarkerKind.STATEMENT
)


class Scanner:
    """Takes the blocks of a source in order. An incomplete record at the end of a block waits for the next block."""

    def __init__(self, source: str, options: LogOptions, counts: RunningCounts, newest: float) -> None:
        self._counts = counts
        self._reader = LineReader(source, options, counts, newest)
        self._envelope = StreamEnvelope()
        self._reader.learned = self._envelope.learned
        self._translator = MessageTranslator(counts)
        self._rest = b""
        self._rest_sampled = 0  # bytes of the rest that _sample_lines has seen
        self._skipping = False
        self._sampled = self._server_lines = self._record_starts = 0

    def feed(self, block: bytes) -> list[LogEvent]:
        """The events that end in this block."""
        self._counts.bytes += len(block)
        lines = self._envelope.feed(block)
        self._counts.lines += self._envelope.take_line_difference()
        self._reader.set_order(self._envelope.is_newest_first)
        return self._feed_lines(lines)

    def _feed_lines(self, block: bytes) -> list[LogEvent]:
        if self._skipping:
            block = self._skip_line_rest(block)
        data = self._rest + block if self._rest else block
        limit = data.rfind(b"\n") + 1
        data, limit = self._translate_lines(data, limit)
        if self._sampled < _SAMPLE_LINES and (limit or len(data) > MAX_LINE_BYTES):
            self._sample_lines(data[self._rest_sampled : limit or MAX_LINE_BYTES])
        if limit == 0 and len(data) <= MAX_LINE_BYTES:
            self._rest = data
            return []
        if limit == 0:
            return self._cut_line(data)
        if self._reader.is_journal:
            lines = decode_journal_messages(data[:limit])
            data, limit = lines + data[limit:], len(lines)
        return self._scan_window(Window(data, limit, False))

    def finish(self) -> list[LogEvent]:
        """The events of the rest, which may lack its newline."""
        lines = self._envelope.finish()
        self._counts.lines += self._envelope.take_line_difference()
        self._reader.set_order(self._envelope.is_newest_first)
        events = self._feed_lines(lines) if lines else []
        data, self._rest = self._rest, b""
        if not data:
            return events
        data, _ = self._translate_lines(data, len(data))
        if self._sampled < _SAMPLE_LINES:
            self._sample_lines(data[self._rest_sampled :])
        data = decode_journal_messages(data) if self._reader.is_journal else data
        return events + self._scan_window(Window(data, len(data), True))

    def _translate_lines(self, data: bytes, limit: int) -> tuple[bytes, int]:
        """The data with the lines up to `limit` in English, and where they end."""
        lines = self._translator.translate_lines(data, limit, self._reader.is_server_log)
        return (data, limit) if lines is None else (lines + data[limit:], len(lines))

    def _skip_line_rest(self, block: bytes) -> bytes:
        end = block.find(b"\n")
        if end < 0:
            return b""
        self._skipping = False
        return block[end + 1 :]

    def _cut_line(self, data: bytes) -> list[LogEvent]:
        """Read the beginning of a line longer than MAX_LINE_BYTES, and skip the rest of it."""
        self._counts.too_long += 1
        self._skipping = True
        head, end = self._translate_lines(data[:MAX_LINE_BYTES], MAX_LINE_BYTES)
        return self._scan_window(Window(head, end, True))

    def _sample_lines(self, data: bytes) -> None:
        """
        Find out from the first lines which program wrote the log, and whether it is one of a known format.

        A pipe delivers lines one by one, so the sample grows with each block, before the block is read.
        """
        head, reader = data[:_SAMPLE_BYTES], self._reader
        sample = [line for line in head.split(b"\n", _SAMPLE_LINES)[:_SAMPLE_LINES] if line.strip(b"\0 \t\r")]
        self._sampled += len(sample)
        self._server_lines += sum(map(is_server_line, sample))
        self._record_starts += sum(line[:1] != b"\t" for line in sample)
        reader.is_journal |= b'"__REALTIME_TIMESTAMP"' in head
        reader.is_server_log |= self._server_lines > 0
        reader.is_only_server_log = self._sampled >= _SAMPLE_LINES // 2 and 2 * self._server_lines > self._record_starts
        reader.has_debug_lines |= any(map(is_debug_line, sample))
        reader.has_announcements |= any(
            before + word in head for before in _BEFORE_MESSAGE for word in _STATEMENT_MARKERS
        )
        reader.learn_date(sample)
        self._counts.sampled += len(sample)
        self._counts.recognised += sum(map(is_known_line, sample))
        self._counts.broken += sum(map(is_broken_line, head.split(b"\n", _SAMPLE_LINES)[:-1]))

    def _scan_window(self, window: Window) -> list[LogEvent]:
        events: list[LogEvent] = []
        self._reader.origin.observe_window(window.data, window.limit)
        done = self._read_window(window, events)
        data = window.data
        if len(data) - done > MAX_LINE_BYTES and not window.final:
            # A record without an end, such as csvlog with a lost quote: read it as it is instead of keeping it.
            self._counts.too_long += 1
            done = self._read_window(Window(data[done:], window.limit - done, True), events) + done
        self._counts.lines += data.count(b"\n", 0, done) + (window.final and not data.endswith(b"\n"))
        self._rest, self._rest_sampled = data[done:], max(window.limit - done, 0)
        return events

    def _choose_markers(self) -> tuple[bytes, ...]:
        """
        The markers that this source may contain, by importance. Each costs 30 to 90 ms a gigabyte, so words that only a
        server, --debug or log_statement writes are not searched in other logs.
        """
        reader = self._reader
        announced = _STATEMENT_MARKERS if reader.has_announcements else ()
        # The API server traces the same requests, so its lines are not needed in a log with Slow SQL.
        traced = () if reader.has_slow_sql else (TRACE,)
        if reader.is_only_server_log:
            return (SLOW_SQL, DURATION, *SERVER_ERRORS, *announced)
        if not (reader.has_announcements or reader.is_server_log or reader.has_debug_lines):
            return _COMMON_MARKERS + traced
        return (*_COMMON_MARKERS, *_RARE_MARKERS, *announced, *traced)

    def _read_window(self, window: Window, events: list[LogEvent]) -> int:
        """Append the events of all lines with a marker. Returns the end, or the start of an incomplete record."""
        done, complete = 0, True
        while complete and done < window.limit:
            done, complete = self._read_span(window, (done, self._find_span_end(window, done)), events)
        if not complete:
            return done
        return len(window.data) if window.final else window.limit

    def _find_span_end(self, window: Window, start: int) -> int:
        """
        How far to search for markers at once.

        In a server's log every record has a marker. parse_records finds the next record by itself and may read up to
        the end of the window, so that a search in front of it would be done twice.
        """
        if not self._reader.is_only_server_log:
            return window.limit
        return window.data.find(b"\n", start + _SPAN_BYTES, window.limit) + 1 or window.limit

    def _read_span(self, window: Window, span: tuple[int, int], events: list[LogEvent]) -> tuple[int, bool]:
        """As _read_window for the lines of a span; False after the position of an incomplete record."""
        data, markers = window.data, self._choose_markers()
        hits = search_markers(markers).find(data, *span)
        done, at = span[0], 0
        while at < len(hits):
            position, marker = hits[at]
            at += 1
            if position < done:  # within a record that was read already
                continue
            start = max(data.rfind(b"\n", done, position) + 1, done)
            if marker < 2:
                calls, end = self._try_fast_path(window, start, hits, at - 1)
                if end:
                    events += calls
                    done = end
                    continue
            end = data.find(b"\n", position)
            end = len(data) if end < 0 else end
            while at < len(hits) and hits[at][0] < end:  # of several markers in a line the most important counts
                if hits[at][1] < marker:
                    position, marker = hits[at]
                at += 1
            if markers[marker] in START_MARKERS:
                self._reader.origin.observe_start(data, start, window.limit)
                done = end + 1
                continue
            kind = _KINDS.get(markers[marker], MarkerKind.SIGNAL)
            result = self._reader.read_line(MarkedLine(window, start, end, position), kind)
            if result is None:
                return start, False
            done = result.end
            if result.event is not None:
                events.append(result.event)
        return max(done, span[1]), True

    def _try_fast_path(self, window: Window, start: int, hits: list[Hit], at: int) -> tuple[list[SlowCall], int]:
        """The calls of lines in a common form from hit number `at` on, and where they end: 0 if there are none."""
        position, marker = hits[at]
        if marker == 0:
            return self._reader.read_slow_lines(window, hits, at)
        if window.data.startswith(b"LOG:  ", position - 6):
            return self._reader.read_records(window, start, position)
        return [], 0
