"""
A JSON value of any log collector → the log lines in it.

Collectors differ in where they keep the line: Cloud Logging in `textPayload`, CloudWatch in `message`, Loki in `line`
or in pairs of time and line, Elastic below `_source`. So all texts of a value are examined, and those that look like a
line of a supported program are the lines. The keys only decide between several, and which text is the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from kinetune.logs.envelopes import encode_message, parse_json, write_json
from kinetune.logs.known_texts import MAX_HEAD, SERVER, is_known_text

_MAX_DEPTH = 40
_MAX_TEXTS = 3
"""Layers of JSON in a text of JSON."""
_MAX_PATHS = 16
_MAX_COPIES = 8
_MESSAGE_KEYS = ("message", "msg")
CONTENT_KEYS = frozenset(
    (
        "message", "msg", "log", "line", "textPayload", "MESSAGE", "body", "Body", "stringValue", "_raw", "@message",
        "short_message", "full_message", "original", "LogEntry", "LogMessage", "Message", "Line", "Content", "content",
        "text", "payload",
    )
)  # fmt: skip
"""Of several texts that look like a line, such as a copy of it in `event.original`, the one of such a key is taken."""
TIME_KEYS = (
    "timestamp", "@timestamp", "time", "ts", "receiveTimestamp", "_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP",
    "_time", "TimeGenerated", "timeUnixNano", "observedTimeUnixNano", "ingestionTime", "date", "datetime", "Time",
    "Date",
)  # fmt: skip
_ISO = re.compile(r"\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?\s*")
_OWN_TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|(?<!\d)1\d{9}\.\d{3}(?!\d)")
# Kine and logrus as JSON, and PostgreSQL's jsonlog.
_ENTRY_KEYS = ({"message", "severity", "time"}, {"msg", "level", "time"}, {"timestamp", "error_severity"})
_MAX_PREFIX = 200
_FIELD_KEYS = ("duration", "name", "started")


class ContentLine(NamedTuple):
    """A line as its program wrote it, without newline at its end, and the collector's time in PostgreSQL's form."""

    text: bytes
    time: str = ""


Accept = Callable[[tuple[str, ...], bytes], bool]


class ContentFinder:
    """Finds the lines in the values of one source. It remembers where lines were: other texts there are lines too."""

    def __init__(self) -> None:
        self._paths: dict[tuple[str, ...], None] = {}

    def find_lines(self, value: object) -> list[ContentLine]:
        """The lines in a value, in its order; empty if it has none."""
        if isinstance(value, str):
            return _Walk(lambda _, text: is_known_text(text), value).read_text(value, (), "")
        return self._find_at_known_path(value) or _Walk(self._is_line, value).read(value, (), "")

    def _find_at_known_path(self, value: object) -> list[ContentLine]:
        """The line where the last one was, if it needs no time: most values of a source have the same form."""
        for path in self._paths:
            text = value
            for key in path:
                text = text.get(key) if isinstance(text, dict) else None
            if isinstance(text, str) and text[:1] != "{":
                data = text.encode("utf-8", "replace")
                if has_own_time(data) and is_known_text(data):
                    return [ContentLine(data.rstrip(b"\r\n"))]
        return []

    def _is_line(self, path: tuple[str, ...], text: bytes) -> bool:
        if is_known_text(text):
            if len(self._paths) < _MAX_PATHS:
                self._paths[path] = None
            return True
        return path in self._paths


def has_own_time(line: bytes) -> bool:
    """Whether the line begins with a date and a time, after any prefix."""
    return _OWN_TIME.search(line[:_MAX_PREFIX]) is not None


def find_content(value: object) -> list[ContentLine]:
    """As ContentFinder.find_lines, for a single value."""
    return ContentFinder().find_lines(value)


def is_entry(record: dict[str, Any]) -> bool:
    """Whether Kine, K3s, PostgreSQL or CloudNativePG wrote the object itself, without a collector's envelope."""
    inner = record.get("record")
    if isinstance(inner, dict) and "error_severity" in inner:
        return True
    message = next((record[key] for key in _MESSAGE_KEYS if isinstance(record.get(key), str)), "")
    if message.startswith("Slow SQL"):
        return True
    return any(keys <= record.keys() for keys in _ENTRY_KEYS) and not is_known_text(message.encode("utf-8", "replace"))


class _Walk:
    """A walk through one value. `root` is searched for the fields of an entry that a collector moved elsewhere."""

    def __init__(self, accept: Accept, root: object) -> None:
        self._accept = accept
        self._root = root
        self._texts = 0

    def read(self, value: object, path: tuple[str, ...], time: str) -> list[ContentLine]:
        if len(path) > _MAX_DEPTH:
            return []
        if isinstance(value, str):
            return self.read_text(value, path, time)
        if isinstance(value, list):
            return self._read_list(value, path, time)
        return self._read_object(value, path, time) if isinstance(value, dict) else []

    def read_text(self, text: str, path: tuple[str, ...], time: str) -> list[ContentLine]:
        data = text.encode("utf-8", "replace").strip(b"\0")  # zeros are a hole that a crash left
        start = data[:64].lstrip()[:1]
        if start in (b"{", b"[") and self._texts < _MAX_TEXTS:
            inner = parse_json(text)
            if isinstance(inner, dict | list):
                self._texts += 1
                found = self.read(inner, (*path, "json"), time)
                self._texts -= 1
                if found:
                    return found
        return [ContentLine(data.rstrip(b"\r\n"), time)] if self._accept(path, data) else []

    def _read_list(self, values: list[Any], path: tuple[str, ...], time: str) -> list[ContentLine]:
        if values and all(isinstance(one, dict) and one.keys() == {"field", "value"} for one in values):
            return self._read_object({str(one["field"]): one["value"] for one in values}, path, time)  # CloudWatch
        row = bool(values) and isinstance(values[0], str | int) and not any(isinstance(one, list) for one in values)
        if row:  # Loki: time, line and sometimes metadata; Azure: a row of a table
            time = next(filter(None, map(read_time, values)), time)
        found = [self.read(one, (*path, str(at) if row else "*"), time) for at, one in enumerate(values)]
        return [line for lines in found for line in lines]

    def _read_object(self, record: dict[str, Any], path: tuple[str, ...], time: str) -> list[ContentLine]:
        time = _find_time(record) or time
        if isinstance(record.get("MESSAGE"), list):
            record = {**record, "MESSAGE": (encode_message(record["MESSAGE"]) or b"").decode("utf-8", "replace")}
        if is_entry(record):
            return [self._write_entry(record, time)]
        scalars: list[ContentLine] = []
        others: list[ContentLine] = []
        for key, value in record.items():
            found = self.read(value, (*path, key), time)
            if not found:
                continue
            if isinstance(value, str):
                if key in CONTENT_KEYS:
                    return found
                scalars = scalars or found
            else:
                others += [line for line in found if not _is_copy(line, others[-_MAX_COPIES:])]
        return scalars or others

    def _write_entry(self, record: dict[str, Any], time: str) -> ContentLine:
        """The entry as one line. A collector may have moved its time and its fields to other objects."""
        if not record.keys() & {"time", "timestamp", "ts", "record"} and time:
            record = {**record, "time": time}
        if "error_severity" not in record and "duration" not in record and (fields := _find_fields(self._root)):
            record = {**record, **fields}
        return ContentLine(write_json(record).encode("utf-8", "replace"), "")


def _is_copy(line: ContentLine, others: list[ContentLine]) -> bool:
    """Whether another field of the same object has the line: Elasticsearch returns it in `_source` and in `fields`."""
    return any(other.text.startswith(line.text) for other in others)


def _find_fields(value: object, depth: int = 0) -> dict[str, Any]:
    """The fields of a Slow SQL entry, from the first object that has them."""
    if depth > _MAX_DEPTH:
        return {}
    if isinstance(value, dict):
        if "duration" in value and ("started" in value or "name" in value):
            return {key: value[key] for key in _FIELD_KEYS if key in value}
        value = list(value.values())
    children: Iterable[object] = value if isinstance(value, list) else ()
    return next(filter(None, (_find_fields(one, depth + 1) for one in children)), {})


def _find_time(record: dict[str, Any]) -> str:
    for key in TIME_KEYS:
        if key in record and (found := read_time(record[key]) or _read_epoch(record[key])):
            return found
    return next(filter(None, map(read_time, record.values())), "")


def read_time(value: object) -> str:
    """The time of `2026-11-23T16:05:58.123Z`, or of nanoseconds since 1970 as text, in PostgreSQL's form."""
    if not isinstance(value, str) or not value[:1].isdigit() or len(value) > 40:
        return ""
    if found := _ISO.fullmatch(value):
        date, clock, fraction, zone = found.groups()
        zone = "UTC" if zone in ("Z", "UTC", "+00:00", "+0000", "+00") else zone
        return f"{date} {clock}.{(fraction or '0')[:6].ljust(3, '0')}" + (f" {zone}" if zone else "")
    return _read_epoch(value) if len(value) == _NANOSECOND_DIGITS else ""


_NANOSECOND_DIGITS = 19


def _read_epoch(value: object) -> str:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970: for the years 2001 to 2286 the digits decide."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    whole, _, _ = str(value).strip().partition(".")
    if not whole.isdecimal() or not whole.isascii() or len(whole) not in (10, 13, 16, 19):
        return ""
    seconds = float(value) / 10.0 ** (len(whole) - 10)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S.%f} UTC"


def split_lines(line: ContentLine) -> list[bytes]:
    """
    The lines of a content: the first with a time, further ones of a server's message with a tab as PostgreSQL has it.

    A collector keeps a statement of several lines in one text, and some remove the tabs.
    """
    first, *rest = line.text.replace(b"\r\n", b"\n").split(b"\n")
    if line.time and first.strip() and not first.startswith((b"\t", b"{")) and not has_own_time(first):
        first = line.time.encode() + b" " + first
    is_server = SERVER.search(first[:MAX_HEAD]) is not None
    for number, text in enumerate(rest):
        if is_server and not text.startswith(b"\t") and not is_known_text(text):
            rest[number] = b"\t" + text
    return [first, *rest]
