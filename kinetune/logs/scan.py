"""
Bytes of one source → events. Lines are not looked at one by one: markers are searched in whole blocks, and only what
has one is cut out (bytes.find passes 2 to 5 GB/s; a loop over lines 0.1).
"""

from __future__ import annotations

from kinetune.kine.signals import DEBUG_ONLY, MARKERS, SERVER_ERRORS
from kinetune.logs.envelope import spelled
from kinetune.logs.forms import known, of_server, verbose
from kinetune.logs.kine import SLOW
from kinetune.logs.lines import Kind, Line, Lines
from kinetune.logs.options import LogOptions
from kinetune.logs.postgresql import DURATION, Window
from kinetune.logs.tally import Tally
from kinetune.model.hotspot import SeenPlan, Signal, SlowCall

Event = SlowCall | Signal | SeenPlan
LONGEST = 1 << 20
"""Bytes of a line or record that are looked at; the rest is skipped to the next newline, and counted."""
_SAMPLE = 200
_PIECE = 1 << 14
_ALWAYS = (SLOW, DURATION, *MARKERS)
# Of log_statement: only where log_duration left a duration without its statement.
_ANNOUNCING = (b"execute ", b"statement: ")
_BEFORE_MESSAGE = (b"LOG:  ", b'LOG,00000,"', b'"message":"')
_TELLING = (*MARKERS, *SERVER_ERRORS, *DEBUG_ONLY)
_KINDS = {SLOW: Kind.SLOW, DURATION: Kind.DURATION} | dict.fromkeys(_ANNOUNCING, Kind.ANNOUNCED)


class Scanner:
    """Takes blocks of a source in order. What a block ends in the middle of waits for the next one."""

    def __init__(self, source: str, options: LogOptions, tally: Tally, near: float) -> None:
        self._tally = tally
        self._lines = Lines(source, options, tally, near)
        self._rest = b""
        self._skipping = False
        self._seen = 0  # of the rest: complete lines that were sampled
        self._sampled = self._of_server = self._begun = 0

    def feed(self, block: bytes) -> list[Event]:
        """What became known with this block."""
        self._tally.bytes += len(block)
        if self._skipping:
            block = self._skip(block)
        data = self._rest + block if self._rest else block
        limit = data.rfind(b"\n") + 1
        if self._sampled < _SAMPLE and (limit or len(data) > LONGEST):
            self._sample(data[self._seen : limit or LONGEST])
        if limit == 0 and len(data) <= LONGEST:
            self._rest = data
            return []
        if limit == 0:
            return self._cut(data)
        if self._lines.of_journal:
            lines = spelled(data[:limit])
            data, limit = lines + data[limit:], len(lines)
        return self._scan(Window(data, limit, False))

    def finish(self) -> list[Event]:
        """The last line, with a newline or without."""
        data, self._rest = self._rest, b""
        if not data:
            return []
        if self._sampled < _SAMPLE:
            self._sample(data[self._seen :])
        data = spelled(data) if self._lines.of_journal else data
        return self._scan(Window(data, len(data), True))

    def _skip(self, block: bytes) -> bytes:
        end = block.find(b"\n")
        if end < 0:
            return b""
        self._skipping = False
        return block[end + 1 :]

    def _cut(self, data: bytes) -> list[Event]:
        """An endless line: its beginning is read, what follows is skipped."""
        self._tally.too_long += 1
        self._skipping = True
        return self._scan(Window(data[:LONGEST], LONGEST, True))

    def _sample(self, data: bytes) -> None:
        """
        Looks at the form of the first lines, so that a log without slow calls is told from what is no log. A pipe
        brings them one by one: each is looked at before it is read.
        """
        head, lines = data[: 1 << 18], self._lines
        first = [line for line in head.split(b"\n", _SAMPLE)[:_SAMPLE] if line.strip(b"\0 \t\r")]
        self._sampled += len(first)
        self._of_server += sum(map(of_server, first))
        self._begun += sum(line[:1] != b"\t" for line in first)
        lines.of_journal |= b'"__REALTIME_TIMESTAMP"' in head
        lines.of_server |= self._of_server > 0
        lines.only_server = self._sampled >= _SAMPLE // 2 and 2 * self._of_server > self._begun
        lines.verbose |= any(map(verbose, first))
        lines.announcing |= any(before + word in head for before in _BEFORE_MESSAGE for word in _ANNOUNCING)
        self._tally.sampled += len(first)
        self._tally.recognised += sum(map(known, first))

    def _scan(self, window: Window) -> list[Event]:
        events: list[Event] = []
        done = self._each(window, events)
        data = window.data
        if len(data) - done > LONGEST and not window.final:  # a record that does not end
            self._tally.too_long += 1
            done = self._each(Window(data[done:], window.limit - done, True), events) + done
        self._tally.lines += data.count(b"\n", 0, done) + (window.final and not data.endswith(b"\n"))
        self._rest, self._seen = data[done:], max(window.limit - done, 0)
        return events

    def _markers(self) -> tuple[bytes, ...]:
        """Each costs a third of a second a gigabyte: the rare ones are searched only where they can be."""
        lines = self._lines
        if lines.only_server:
            return (SLOW, DURATION, *SERVER_ERRORS, *(_ANNOUNCING if lines.announcing else ()))
        if not (lines.announcing or lines.of_server or lines.verbose):
            return _ALWAYS
        return (*_ALWAYS, *_TELLING[len(MARKERS) :], *(_ANNOUNCING if lines.announcing else ()))

    def _quick(self, window: Window, start: int, position: int, events: list[Event]) -> int:
        """Reads lines of a usual form; where the next one begins, `start` itself where this one is of none."""
        if window.data.startswith(SLOW, position):
            read = self._lines.slow(window, position)
            if read is None:
                return start
            if read.event is not None:
                events.append(read.event)
            return read.end
        if not window.data.startswith(b"LOG:  ", position - 6):
            return start
        calls, end = self._lines.records(window, start, position)
        events += calls
        return end

    def _each(self, window: Window, events: list[Event]) -> int:
        """Reads each line with a marker; where it stopped: at the end, or before a record that goes on."""
        done, whole = 0, True
        while whole and done < window.limit:
            done, whole = self._piece(window, (done, self._stop(window, done)), events)
        if not whole:
            return done
        return len(window.data) if window.final else window.limit

    def _stop(self, window: Window, start: int) -> int:
        """
        How far markers are searched at once: a server's records are read one after the other, far beyond the first
        marker, and what they pass need not be searched.
        """
        if not self._lines.only_server:
            return window.limit
        return window.data.find(b"\n", start + _PIECE, window.limit) + 1 or window.limit

    def _piece(self, window: Window, span: tuple[int, int], events: list[Event]) -> tuple[int, bool]:
        """As `_each`, of the lines in a span; False where a record goes on beyond the window."""
        data, markers = window.data, self._markers()
        hits = _hits(data, span, markers)
        done, at = span[0], 0
        while at < len(hits):
            position, marker = hits[at]
            at += 1
            if position < done:
                continue
            start = max(data.rfind(b"\n", done, position) + 1, done)
            if marker < 2 and (quick := self._quick(window, start, position, events)) > start:
                done = quick
                continue
            end = data.find(b"\n", position)
            end = len(data) if end < 0 else end
            while at < len(hits) and hits[at][0] < end:
                if hits[at][1] < marker:
                    position, marker = hits[at]
                at += 1
            read = self._lines.read(Line(window, start, end, position), _KINDS.get(markers[marker], Kind.TELLING))
            if read is None:
                return start, False
            done = read.end
            if read.event is not None:
                events.append(read.event)
        return max(done, span[1]), True


def _hits(data: bytes, span: tuple[int, int], markers: tuple[bytes, ...]) -> list[tuple[int, int]]:
    """Where markers are, in order, and which."""
    found = []
    start, stop = span
    for index, marker in enumerate(markers):
        at = data.find(marker, start, stop)
        while at >= 0:
            found.append((at, index))
            at = data.find(marker, at + len(marker), stop)
    found.sort()
    return found
