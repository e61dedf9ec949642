"""
The lines that large logs consist of, each read in one step: Kine's text form since v0.16.0 and up to v0.15.0, its
coloured form, and a server's stderr record with its parameters.

A line that differs in any detail is left to line_reader.py, which reads every form. Tests compare the two: both must
return the same call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import NamedTuple

from kinetune.logs.marker_search import Hit
from kinetune.logs.options import GroupBy, LogOptions
from kinetune.logs.running_counts import SourceClock
from kinetune.logs.statements import (
    MAX_STATEMENT_BYTES,
    StatementName,
    find_argument_key,
    find_eras,
    find_literal_key,
    locate_key,
    recognise_statement,
    remove_literals,
)
from kinetune.logs.timestamps import parse_go_duration, parse_prefix_timestamp, parse_timestamp
from kinetune.logs.window import Window
from kinetune.model.hotspot import SlowCall, Vantage

# The form of most lines, with its time in two parts: up to the minute, and seconds. A negated class of one character is
# read three times as fast as one of several, so a statement with a backslash or a newline is refused afterwards.
_TEXT_SINCE_16 = re.compile(
    rb"msg=\"Slow SQL: ([^\"]*+)\" duration=(\d{1,9}(?:\.\d{1,9})?)s name=(\w+) "
    rb"started=\"(\d{4}-\d\d-\d\dT\d\d:\d\d:)([0-5]\d\.\d{1,9})Z\"[^\n]*+\n"
)
_MESSAGE_BYTES = len(b'msg="')
# Possessive quantifiers (*+, ++): a line that does not match fails at once instead of after backtracking.
_SINCE_16 = re.compile(
    rb"Slow SQL: ([^\"\\\x1b\n]*+)(?:\" |\x1b\[\d+m)duration(?:\x1b\[0m)?=(\d{1,9}(?:\.\d{1,9})?)s "
    rb"(?:\x1b\[\d+m)?name(?:\x1b\[0m)?=(\w+) (?:\x1b\[\d+m)?started(?:\x1b\[0m)?=\"([^\"\n]+)\"[^\n]*+\n"
)
_UNTIL_15 = re.compile(
    rb"Slow SQL \(started: ([^)\n]++)\) \(total time: ([^)\n]++)\): *+([^\"\\\n]*?)(?: : (\[[^\"\\\n]*+))?\"[^\n]*+\n"
)
# The lookahead needs the first character of the next line: a tab there means that the statement continues.
_RECORD = re.compile(
    rb"duration: (\d{1,12}\.\d{1,6}) ms  (?:execute|statement)(?: [^:\n]*+)?: ([^\n]*+(?:\n\t[^\n]*+)*+)\n(?=[^\t])"
)
_DETAIL = b"DETAIL:  "
# A key in quotes, as statements.find_literal_key finds it; the inner group is the head of a plain resource.
_LITERAL_KEY = re.compile(rb"'((/registry/[^/']++/)[^']*+|/[^']++|gap-\d++)'")
# A key among the parameters: `$1 = '/registry/pods/default/web'`.
_KEY = re.compile(b"= " + _LITERAL_KEY.pattern)
_LOG = b"LOG:  duration: "
_LEVEL_BYTES = len(b"LOG:  ")
_SERVER_LOG, _KINE_LOG = Vantage.SERVER_LOG, Vantage.KINE_LOG
# All fields in order: the constructor of a NamedTuple takes twice as long.
_new_call: Callable[[tuple[object, ...]], SlowCall] = partial(tuple.__new__, SlowCall)
_MAX_CACHED = 1024
"""Statements and resources of one source; Kine has about 20 and 200. More come only from texts with values in them."""


_ParsedLine = tuple[SlowCall, str, int | None, int]
"""A call, its log format, its offset from UTC (None: the text has no zone), and where the next line begins."""


class FastRun(NamedTuple):
    """
    Calls of lines of one format, their offsets from UTC, and where the line after the last one begins: 0 without calls.
    """

    calls: list[SlowCall]
    format_name: str
    offsets: set[int | None]
    end: int


class FastPath:
    """Remembers the statements and resources of one source."""

    def __init__(self, source: str, options: LogOptions, clock: SourceClock) -> None:
        self._source = source
        self._clock = clock
        self._by, self._zone = options.by, options.zone
        self._names: dict[bytes, StatementName] = {}
        self._resources: dict[bytes, str] = {}
        self._last_second = b"", 0.0
        self._minutes: dict[bytes, float] = {}
        self._named: dict[tuple[bytes, bytes], StatementName] = {}

    def parse_slow_lines(self, window: Window, hits: list[Hit], at: int) -> FastRun:
        """
        The lines of the hits from number `at` on, whose marker is `Slow SQL`, the first one of the list.

        The run ends before a line that is not exactly of a common form, and where the format changes. Other markers may
        be in the line before `Slow SQL`, so each ends the run too.
        """
        data, limit = window.data, window.limit
        calls: list[SlowCall] = []
        offsets: set[int | None] = set()
        name, end = "", 0
        for index in range(at, len(hits)):
            position, marker = hits[index]
            if position < end:
                continue
            if marker:
                break
            found = _TEXT_SINCE_16.match(data, position - _MESSAGE_BYTES, limit)
            parsed = self._call_of_text(found) if found else self._parse_slow_sql(window, position)
            if parsed is None or parsed[1] != (name or parsed[1]):
                break
            call, name, offset, end = parsed
            calls.append(call)
            offsets.add(offset)
            ended = call[0] + call[5] / 1000.0
            if ended > self._clock.last:  # SourceClock.advance without a call, for the common case
                self._clock.last = ended
            else:
                self._clock.advance(ended)
        return FastRun(calls, name, offsets, end)

    def _parse_slow_sql(self, window: Window, position: int) -> _ParsedLine | None:
        """The call of a line with `Slow SQL` at `position`; None if the line is not exactly of a common form."""
        data = window.data
        if data[position - 5 : position] == b'msg="':
            format_name = "kine text"
        elif data[position - 2 : position] == b"] " and data[position + 8 : position + 9] == b":":
            format_name = "kine terminal"
        else:
            return None
        if data[position + 8 : position + 9] == b":":
            found = _SINCE_16.match(data, position, window.limit)
            return self._call_since_16(found, format_name) if found else None
        found = _UNTIL_15.match(data, position, window.limit)
        return self._call_until_15(found, format_name) if found else None

    def _call_of_text(self, found: re.Match[bytes]) -> _ParsedLine | None:
        sql, took, name, minute, seconds = found.groups()
        if b"\\" in sql or b"\n" in sql:
            return None
        began = self._minutes.get(minute)
        if began is None:
            began = self._remember_minute(minute)
            if began is None:
                return None
        text = name, remove_literals(sql)
        query, eras = self._named.get(text) or self._remember_named(text)
        resource = key = ""
        if key_match := _LITERAL_KEY.search(sql):
            resource = self._resources.get(key_match[2], "")
            if not resource:
                resource, key = self._locate_key(key_match[1])
        at, milliseconds = began + float(seconds), float(took) * 1000.0
        call = _new_call((at, query, eras, resource, key, milliseconds, self._source, _KINE_LOG))
        return call, "kine text", 0, found.end()

    def _remember_minute(self, minute: bytes) -> float | None:
        start = parse_timestamp(minute + b"00.0Z", UTC)
        if start is None:
            return None
        if len(self._minutes) >= _MAX_CACHED:
            self._minutes.clear()
        self._minutes[minute] = start.at
        return start.at

    def _remember_named(self, text: tuple[bytes, bytes]) -> StatementName:
        query = text[0].decode()
        named = query, find_eras(query, recognise_statement(text[1].strip()))
        if len(self._named) >= _MAX_CACHED:
            self._named.clear()
        if len(text[1]) < MAX_STATEMENT_BYTES:
            self._named[text] = named
        return named

    def _call_since_16(self, found: re.Match[bytes], format_name: str) -> _ParsedLine | None:
        sql, took, name, started_text = found.groups()
        started = parse_timestamp(started_text, self._zone)
        if started is None:
            return None
        sql = sql.strip()
        query = name.decode()
        eras = find_eras(query, recognise_statement(sql))
        resource, key = self._locate_key(find_literal_key(sql))
        call = SlowCall(started.at, query, eras, resource, key, float(took) * 1000.0, self._source)
        return call, format_name, started.offset, found.end()

    def _call_until_15(self, found: re.Match[bytes], format_name: str) -> _ParsedLine | None:
        started_text, duration, sql, arguments = found.groups()
        started, took = parse_timestamp(started_text, self._zone), parse_go_duration(duration)
        if started is None or took is None:
            return None
        query, eras = recognise_statement(sql.strip())
        resource, key = self._locate_key(find_argument_key(arguments[1:])) if arguments else ("", "")
        call = SlowCall(started.at, query, eras, resource, key, took, self._source)
        return call, format_name, started.offset, found.end()

    def parse_records(self, window: Window, start: int, position: int) -> FastRun:
        """
        Consecutive records of a server's stderr log. The first begins at `start`, its message at `position`.

        The run ends before a record whose line does not begin with PostgreSQL's %m or %t, and before one at the end of
        the window, whose parameters may be in the next block.
        """
        data, calls, offsets = window.data, [], set()
        prefix = position - _LEVEL_BYTES - start
        while (found := self._parse_record(window, start, position)) is not None:
            call, offset, start = found
            calls.append(call)
            offsets.add(offset)
            if data.startswith(_LOG, start + prefix):  # most prefixes have the same length
                position = start + prefix + _LEVEL_BYTES
                continue
            position = data.find(_LOG, start, start + 200) + _LEVEL_BYTES
            if position < _LEVEL_BYTES or data.find(b"\n", start, position) >= 0:
                break
            prefix = position - _LEVEL_BYTES - start
        return FastRun(calls, "postgresql stderr", offsets, start if calls else 0)

    def _parse_record(self, window: Window, start: int, position: int) -> tuple[SlowCall, int | None, int] | None:
        data, limit = window.data, window.limit
        found = _RECORD.match(data, position)
        stamp = self._parse_stamp(data, start) if found else None
        if found is None or stamp is None:
            return None
        took, sql = found.groups()
        end = found.end()
        detail = end + position - start - _LEVEL_BYTES
        if not data.startswith(_DETAIL, detail):
            detail = data.find(_DETAIL, end, detail + 48)
        key_match = None
        if detail >= 0 and data.find(b"\n", end, detail) < 0:
            end = data.find(b"\n", detail) + 1
            if data.startswith(b"\t", end):
                end = _find_message_end(data, detail)
            key_match = _KEY.search(data, detail, end)
        elif end >= limit:
            return None  # the DETAIL line may be the first of the next block
        if not found.end() <= end <= limit or end == len(data):
            return None
        query, eras = self._names.get(sql) or self._remember_name(sql)
        resource = key = ""
        if query and (known := self._resources.get(key_match[2]) if key_match else None):
            resource = known
        elif query:
            resource, key = self._locate_key(key_match[1] if key_match else find_literal_key(sql))
        at, offset = stamp
        if at > self._clock.last:  # SourceClock.advance without a call, for the common case
            self._clock.last = at
        else:
            self._clock.advance(at)
        milliseconds = float(took)
        began = at - milliseconds / 1000.0  # the record is written when the statement ends
        call = _new_call((began, query, eras, resource, key, milliseconds, self._source, _SERVER_LOG))
        return call, offset, end

    def _parse_stamp(self, data: bytes, start: int) -> tuple[float, int | None] | None:
        """As parse_prefix_timestamp. Most records are of the same second as the one before: it is parsed once."""
        if data[start : start + 20] == self._last_second[0] and data[start + 23 : start + 27] == b" UTC":
            millisecond = data[start + 20 : start + 23]
            if millisecond.isdigit():
                return self._last_second[1] + int(millisecond) / 1000.0, 0
        stamp = parse_prefix_timestamp(data[start : start + 32], self._zone)
        if stamp is not None and data[start + 19 : start + 20] == b"." and stamp.offset == 0:
            self._last_second = data[start : start + 20], stamp.at // 1
        return stamp

    def _remember_name(self, sql: bytes) -> StatementName:
        if len(self._names) >= _MAX_CACHED:
            self._names.clear()
        name = recognise_statement(sql)
        if len(sql) < MAX_STATEMENT_BYTES:
            self._names[sql] = name
        return name

    def _locate_key(self, key: bytes) -> tuple[str, str]:
        """As statements.locate_key. Most keys are /registry/<resource>/…, whose resource is in a dictionary."""
        if self._by is not GroupBy.RESOURCE or not key.startswith(b"/registry/"):
            return locate_key(key, self._by) if key else ("", "")
        head = key[: key.find(b"/", 10) + 1]
        resource = self._resources.get(head)
        if resource is None:
            resource = locate_key(key, self._by)[0]
            # /registry/apps.example.com/widgets/: the group alone does not say the resource, so it is not remembered.
            if head.decode("utf-8", "replace") == resource and len(self._resources) < _MAX_CACHED:
                self._resources[head] = resource
        return resource, ""


def _find_message_end(data: bytes, at: int) -> int:
    """Where the line after a message begins; 0 if the message does not end in `data`."""
    end = data.find(b"\n", at) + 1
    while end and data[end : end + 1] == b"\t":
        end = data.find(b"\n", end) + 1
    return end
