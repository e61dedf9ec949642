"""
The lines that large logs are made of, each read in one step: Kine's text since v0.16.0 and up to v0.15.0, its coloured
form, and a server's statement with its parameters. Whatever differs in the least goes the long way (lines.py), and the
tests see that both ways lead to the same call.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kinetune.logs.clock import milliseconds as in_milliseconds
from kinetune.logs.clock import moment_at_start, stamped
from kinetune.logs.options import By, LogOptions
from kinetune.logs.postgresql import Window
from kinetune.logs.statement import Named, argument_key, eras_of, literal_key, place, recognise
from kinetune.logs.tally import Watch
from kinetune.model.hotspot import SlowCall, Vantage

_SINCE_16 = re.compile(
    rb"Slow SQL: ([^\"\\\x1b\n]*+)(?:\" |\x1b\[\d+m)duration(?:\x1b\[0m)?=(\d{1,9}(?:\.\d{1,9})?)s "
    rb"(?:\x1b\[\d+m)?name(?:\x1b\[0m)?=(\w+) (?:\x1b\[\d+m)?started(?:\x1b\[0m)?=\"([^\"\n]+)\"[^\n]*+\n"
)
_UP_TO_15 = re.compile(
    rb"Slow SQL \(started: ([^)\n]++)\) \(total time: ([^)\n]++)\): *+([^\"\\\n]*?)(?: : (\[[^\"\\\n]*+))?\"[^\n]*+\n"
)
_RECORD = re.compile(
    rb"duration: (\d{1,12}\.\d{1,6}) ms  (?:execute|statement)(?: [^:\n]*+)?: ([^\n]*+(?:\n\t[^\n]*+)*+)\n(?=[^\t])"
)
_DETAIL = b"DETAIL:  "
_KEY = re.compile(rb"= '((?:(/registry/[^/']++/)|/)[^']*+|gap-\d++)'")
_LOG = b"LOG:  duration: "
_NAMES = 1024


def _end(data: bytes, at: int) -> int:
    """Where the line after a message begins; 0 where that is not told."""
    end = data.find(b"\n", at) + 1
    while end and data[end : end + 1] == b"\t":
        end = data.find(b"\n", end) + 1
    return end


class Found(NamedTuple):
    """A call, the format for the counts, its offset from UTC (None: not told), and where the next line begins."""

    call: SlowCall
    form: str
    offset: int | None
    end: int


class Run(NamedTuple):
    """Calls of records that follow each other, their offsets from UTC, and where the next line begins."""

    calls: list[SlowCall]
    offsets: set[int | None]
    end: int


class Usual:
    """Remembers a source's statements and resources."""

    def __init__(self, source: str, options: LogOptions, watch: Watch) -> None:
        self._source = source
        self._watch = watch
        self._by, self._zone = options.by, options.zone
        self._names: dict[bytes, Named] = {}
        self._resources: dict[bytes, str] = {}
        self._second = b"", 0.0

    def slow(self, window: Window, position: int) -> Found | None:
        """Of a line with `Slow SQL` at `position`; None where it is not quite of a usual shape."""
        data = window.data
        if data[position - 5 : position] == b'msg="':
            form = "kine text"
        elif data[position - 2 : position] == b"] " and data[position + 8 : position + 9] == b":":
            form = "kine terminal"
        else:
            return None
        if data[position + 8 : position + 9] == b":":
            found = _SINCE_16.match(data, position, window.limit)
            return self._newer(found, form) if found else None
        found = _UP_TO_15.match(data, position, window.limit)
        return self._older(found, form) if found else None

    def _newer(self, found: re.Match[bytes], form: str) -> Found | None:
        sql, took, name, started = found.groups()
        began = moment_at_start(started, self._zone)
        if began is None:
            return None
        sql = sql.strip()
        called = name.decode()
        eras = eras_of(called, recognise(sql))
        resource, key = self._place(literal_key(sql))
        call = SlowCall(began.at, called, eras, resource, key, float(took) * 1000.0, self._source)
        return Found(call, form, began.offset, found.end())

    def _older(self, found: re.Match[bytes], form: str) -> Found | None:
        started, duration, sql, arguments = found.groups()
        began, took = moment_at_start(started, self._zone), in_milliseconds(duration)
        if began is None or took is None:
            return None
        name, eras = recognise(sql.strip())
        resource, key = self._place(argument_key(arguments[1:])) if arguments else ("", "")
        call = SlowCall(began.at, name, eras, resource, key, took, self._source)
        return Found(call, form, began.offset, found.end())

    def records(self, window: Window, start: int, position: int) -> Run:
        """
        Of a server's stderr lines from `start` on, the first one's message at `position`, as far as one follows the
        other. A record is left where the window ends too early to tell whether parameters follow, and where its line
        does not begin with PostgreSQL's %m or %t.
        """
        data, calls, offsets = window.data, [], set()
        prefix = position - 6 - start  # all of one length, as a rule
        while (found := self._record(window, start, position)) is not None:
            call, offset, start = found
            calls.append(call)
            offsets.add(offset)
            if data.startswith(_LOG, start + prefix):
                position = start + prefix + 6
                continue
            position = data.find(_LOG, start, start + 200) + 6
            if position < 6 or data.find(b"\n", start, position) >= 0:
                break
            prefix = position - 6 - start
        return Run(calls, offsets, start)

    def _record(self, window: Window, start: int, position: int) -> tuple[SlowCall, int | None, int] | None:
        data, limit = window.data, window.limit
        found = _RECORD.match(data, position)
        told = self._stamp(data, start) if found else None
        if found is None or told is None:
            return None
        took, sql = found.groups()
        end = found.end()
        detail = end + position - start - 6
        if not data.startswith(_DETAIL, detail):
            detail = data.find(_DETAIL, end, detail + 48)
        inside = None
        if detail >= 0 and data.find(b"\n", end, detail) < 0:
            end = data.find(b"\n", detail) + 1
            if data.startswith(b"\t", end):
                end = _end(data, detail)
            inside = _KEY.search(data, detail, end)
        elif end >= limit:
            return None
        if not found.end() <= end <= limit or end == len(data):
            return None
        name, eras = self._names.get(sql) or self._named(sql)
        resource = key = ""
        if name and (known := self._resources.get(inside[2]) if inside else None):
            resource = known
        elif name:
            resource, key = self._place(inside[1] if inside else literal_key(sql))
        at, offset = told
        if at > self._watch.last:
            self._watch.last = at
        else:
            self._watch.passes(at)
        milliseconds = float(took)
        began = at - milliseconds / 1000.0
        return SlowCall(began, name, eras, resource, key, milliseconds, self._source, Vantage.SERVER), offset, end

    def _stamp(self, data: bytes, start: int) -> tuple[float, int | None] | None:
        """As clock.stamped. Most records are of the second that the one before was of."""
        if data[start : start + 20] == self._second[0] and data[start + 23 : start + 27] == b" UTC":
            millisecond = data[start + 20 : start + 23]
            if millisecond.isdigit():
                return self._second[1] + int(millisecond) / 1000.0, 0
        told = stamped(data[start : start + 32], self._zone)
        if told is not None and data[start + 19 : start + 20] == b"." and told.offset == 0:
            self._second = data[start : start + 20], told.at // 1
        return told

    def _named(self, sql: bytes) -> Named:
        if len(self._names) >= _NAMES:
            self._names.clear()
        named = self._names[sql] = recognise(sql)
        return named

    def _place(self, key: bytes) -> tuple[str, str]:
        """As statement.place. Most keys are /registry/<plain resource>/…: those need no second look."""
        if self._by is not By.RESOURCE or not key.startswith(b"/registry/"):
            return place(key, self._by) if key else ("", "")
        head = key[: key.find(b"/", 10) + 1]
        resource = self._resources.get(head)
        if resource is None:
            resource = place(key, self._by)[0]
            if head.decode("utf-8", "replace") == resource and len(self._resources) < _NAMES:
                self._resources[head] = resource
        return resource, ""
