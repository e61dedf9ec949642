"""One line with a marker → at most one event, and the counts of how that went."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from kinetune.logs import csvlog, jsonlog, postgresql
from kinetune.logs.clock import Moment, moment, moment_at_start, yearless
from kinetune.logs.envelope import enveloped, journal_time, peel
from kinetune.logs.kine import SLOW, Timed, timed
from kinetune.logs.options import LogOptions
from kinetune.logs.postgresql import Record, Window
from kinetune.logs.server_calls import ServerCalls, Whence
from kinetune.logs.statement import argument_key, eras_of, literal_key, place, recognise
from kinetune.logs.tally import Tally, Watch
from kinetune.logs.telling import told
from kinetune.logs.usual import Usual
from kinetune.model.hotspot import SeenPlan, Signal, SlowCall

_LONGEST = 1 << 20
_SPLIT = 16000


class Kind(Enum):
    """What its marker makes of a line: Slow SQL, a duration, a signal, a statement that log_statement announced."""

    SLOW, DURATION, TELLING, ANNOUNCED = range(4)


class Line(NamedTuple):
    """A line of a window, from `start` to its newline at `end`, with a marker at `position`."""

    window: Window
    start: int
    end: int
    position: int


class Read(NamedTuple):
    """What a line became, and where the next one begins."""

    event: SlowCall | Signal | SeenPlan | None
    end: int


class Lines:
    """Reads the lines of one source."""

    def __init__(self, source: str, options: LogOptions, tally: Tally, near: float) -> None:
        self._source = source
        self._options = options
        self._all = options == LogOptions(by=options.by, zone=options.zone, jobs=options.jobs)
        self._tally = tally
        self._near = near
        self._watch = Watch(tally)
        self._server = ServerCalls(options)
        self._usual = Usual(source, options, self._watch)
        self.of_server = False
        """The log is a PostgreSQL server's, at least in part."""
        self.of_journal = False
        """The log is `journalctl -o json`."""
        self.verbose = False
        """Kine's log has lines of --debug."""
        self.only_server = False
        """Most of its first lines were, and no Slow SQL was met: Kine's other markers are not searched."""
        self.announcing = False
        """A duration came without its statement: log_statement's lines are wanted too."""

    def slow(self, window: Window, position: int) -> Read | None:
        """A line with Slow SQL, if it is of a usual shape; None where it has to go the long way."""
        found = self._usual.slow(window, position)
        if found is None:
            return None
        self.only_server = False
        self._tally.form(found.form)
        self._zone_told(found.offset)
        return Read(self._wanted(found.call), found.end)

    def records(self, window: Window, start: int, position: int) -> tuple[list[SlowCall], int]:
        """The calls of server records that follow each other from `start` on, and where they end; perhaps none."""
        self.of_server = True
        run = self._usual.records(window, start, position)
        if run.calls:
            self._tally.form("postgresql stderr", len(run.calls))
            for offset in run.offsets:
                self._zone_told(offset)
        if self._all:
            self._tally.calls += len(run.calls)
            return run.calls, run.end
        return [call for call in run.calls if self._wanted(call) is not None], run.end

    def read(self, line: Line, kind: Kind) -> Read | None:
        """None where the record goes on beyond the window."""
        if kind is Kind.SLOW:
            return self._slow(line)
        return self._telling(line) if kind is Kind.TELLING else self._record(line)

    def _slow(self, line: Line) -> Read | None:
        self.only_server = False
        data, start, end, position = line.window.data, line.start, line.end, line.position
        text, after = data[start : min(end, start + _LONGEST)], end + 1
        around = enveloped(data, start, position)
        if around and (end - start > _SPLIT or b" P " in text[:64]):
            joined = _joined(line)
            if joined is None:
                return None
            text, after = joined
            position = start + text.find(SLOW)
        found = timed(text, position - start)
        if found is None:
            self._tally.not_understood += 1
            return Read(None, after)
        self._tally.form(found.form)
        return Read(self._wanted(self._call(found, text)), after)

    def _call(self, found: Timed, text: bytes) -> SlowCall:
        recognised = recognise(found.sql)
        name, eras = recognised
        if found.name:
            name, eras = found.name, eras_of(found.name, recognised)
        key = argument_key(found.arguments) if found.arguments else literal_key(found.sql)
        resource, asked = place(key, self._options.by) if key else ("", "")
        began = moment_at_start(found.started, self._options.zone)
        if began is not None:
            self._zone_told(began.offset)
            return SlowCall(began.at, name, eras, resource, asked, found.milliseconds, self._source)
        at = self._at(text) - found.milliseconds / 1000.0
        return SlowCall(at, name, eras, resource, asked, found.milliseconds, self._source)

    def _record(self, line: Line) -> Read | None:
        record = _record(line)
        if isinstance(record, int):
            return None
        if record is None:
            return self._no_record(line)
        self.of_server = True
        self.announcing = self.announcing or (not record.kind and record.milliseconds is not None)
        self._tally.form(record.form)
        event = self._server.read(record, Whence(self._source, self._at(record.stamp)))
        if event is None:
            self._tally.passing += 1
        return Read(self._wanted(event) if event else None, record.end)

    def _no_record(self, line: Line) -> Read:
        """`duration: ` said by somebody else is nobody's fault; said by a server it is a line not understood."""
        before = line.window.data[max(line.start, line.position - 12) : line.position]
        if before.endswith(b"LOG:  "):
            self._tally.not_understood += 1
        return Read(None, line.end + 1)

    def _telling(self, line: Line) -> Read:
        text = line.window.data[line.start : min(line.end, line.start + _LONGEST)]
        found = told(text)
        if found is None:
            return Read(None, line.end + 1)
        signal = Signal(found[0].kind, self._at(text), self._source, found[1])
        return Read(self._wanted(signal), line.end + 1)

    def _wanted(self, event: SlowCall | Signal | SeenPlan) -> SlowCall | Signal | SeenPlan | None:
        """Counts it, and leaves it out where it is outside of what was asked for."""
        options, tally = self._options, self._tally
        took = 0.0 if isinstance(event, Signal) else event.milliseconds
        self._watch.passes(event.at + took / 1000.0)
        if not options.since <= event.at <= options.until or (
            took < options.at_least_ms and not isinstance(event, Signal)
        ):
            tally.passing += 1
            return None
        if isinstance(event, SlowCall):
            tally.calls += 1
        elif isinstance(event, Signal):
            tally.signals += 1
        else:
            tally.plans += 1
        return event

    def _at(self, text: bytes) -> float:
        """When the line was written; where it does not say, when the line before it was."""
        head = text[:512]
        zone = self._options.zone
        found = moment(head, zone) or self._journal(text) or yearless(head, self._near, zone) or moment(text, zone)
        if found is None:
            self._tally.timeless += 1
            return self._watch.last if self._watch.last > 0 else self._near
        self._zone_told(found.offset)
        return found.at

    def _journal(self, text: bytes) -> Moment | None:
        at = journal_time(text)
        return None if at is None else Moment(at, 0)

    def _zone_told(self, offset: int | None) -> None:
        if offset is None:
            self._tally.zoneless += 1
        else:
            self._tally.zones.add(offset)


def _record(line: Line) -> Record | int | None:
    """PostgreSQL's three logs are told apart by what is right before the message."""
    window, start, end, at = line
    data = window.data
    if data[at - 1 : at] != b'"':
        return postgresql.record(window, start, at)
    if data[at - 2 : at] == b',"':
        return csvlog.record(window, start, at)
    return jsonlog.record(data[start : min(end, start + _LONGEST)], end + 1)


def _joined(line: Line) -> tuple[bytes, int] | None:
    """A line that its envelope cut into pieces, and where the next begins; None where the window ends first."""
    data, at, text = line.window.data, line.start, b""
    while at < line.window.limit and len(text) < _LONGEST:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        peeled = peel(data[at:end])
        if text and not peeled.around:  # its rest was lost
            return text, at
        text += peeled.content
        at = end + 1
        if not peeled.partial:
            return text, at
    return (text, at) if line.window.final or len(text) >= _LONGEST else None
