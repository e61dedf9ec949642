"""Kine's own lines: the four forms of `Slow SQL`, as text, as JSON and for a terminal (logrus), and vcluster's."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from kinetune.logs.envelopes import UnwrappedLine, parse_json, strip_colours, unwrap_line
from kinetune.logs.timestamps import parse_go_duration

SLOW_SQL = b"Slow SQL"
_STARTED = b"Slow SQL (started: "
_TOTAL = b") (total time: "
_PAIR = re.compile(rb"(\w+)=(\"[^\"]*\"|\S+)")
_OFF, _ON = rb"(?:\x1b\[0m)?", rb"(?:\x1b\[\d+m)?"
_FIELDS = re.compile(rb" *duration%b=(\S+) %bname%b=(\w+) %bstarted%b=\"([^\"]+)\"" % (_OFF, _ON, _OFF, _ON, _OFF))
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}


class TimedStatement(NamedTuple):
    """
    A statement with its duration, as the line has them.

    `started` and `name` are empty if the line has none. `arguments` is Go's form of the parameters, up to v0.11.10.
    `format_name` is for the counts.
    """

    sql: bytes
    milliseconds: float
    started: bytes
    name: str
    arguments: bytes
    format_name: str


class _EntryFields(NamedTuple):
    """The fields of a logrus entry that matter; a number is nanoseconds."""

    duration: bytes | str | int | float = b""
    name: str = ""
    started: bytes = b""


class _LogEntry(NamedTuple):
    """The message of a logrus entry, unquoted, and its fields."""

    message: bytes
    fields: _EntryFields
    format_name: str


_NO_FIELDS = _EntryFields()


def parse_slow_sql(line: bytes, at: int) -> TimedStatement | None:
    """The statement of a line with `Slow SQL` at `at`; None for an unknown form and for an incomplete line."""
    before = line[:at]
    if before.endswith(b'msg="') and not before.startswith(b"{"):
        return _parse_entry(_read_text_entry(line, at))
    if before.endswith((b'"', b'\\"')) or b'"log":' in before or b'"MESSAGE"' in before:
        return _parse_json_line(line, at)
    return _parse_entry(_read_terminal_entry(line[at:]))


def _parse_json_line(line: bytes, at: int) -> TimedStatement | None:
    """JSON of logrus itself, or of an envelope around a line of any form."""
    brace = line.find(b"{", 0, at)
    inner = unwrap_line(line[brace:]) if brace >= 0 else UnwrappedLine(line, ())
    if inner.record is not None:
        return _parse_entry(_read_json_entry(inner.record))
    position = inner.content.find(SLOW_SQL)
    if not inner.envelopes or position < 0:
        return None
    return parse_slow_sql(inner.content, position)


def _read_json_entry(record: dict[str, Any]) -> _LogEntry:
    message = record.get("message", record.get("msg"))
    text = message if isinstance(message, str) else ""
    return _LogEntry(text.encode("utf-8", "replace"), _json_fields(record), "kine json")


def _read_text_entry(line: bytes, at: int) -> _LogEntry:
    """`time="…" level=info msg="…" duration=1.3s name=… started="…"`. Without a closing quote it is incomplete."""
    end = line.find(b'"', at)
    while end > 0 and _is_escaped(line, end):
        end = line.find(b'"', end + 1)
    if end < 0:
        return _LogEntry(unquote_go(line[at:]), _NO_FIELDS, "kine text")
    return _LogEntry(unquote_go(line[at:end]), parse_fields(line[end + 1 :]), "kine text")


def _is_escaped(line: bytes, quote: int) -> bool:
    """Whether an odd number of backslashes is before the quote: two stand for a backslash."""
    at = quote
    while line[at - 1 : at] == b"\\":
        at -= 1
    return (quote - at) % 2 == 1


def _read_terminal_entry(rest: bytes) -> _LogEntry:
    """
    `Slow SQL: …   duration=1.3s name=… started="…"` for a terminal, with or without colours, and vcluster's form, which
    ends with the fields as JSON.
    """
    brace = rest.rfind(b'{"component"')
    end = rest.rfind(b"}") + 1
    if 0 < brace < end:
        record = parse_json(rest[brace:end])
        fields = _json_fields(record) if isinstance(record, dict) else _NO_FIELDS
        return _LogEntry(rest[:brace].rstrip(), fields, "vcluster")
    # The statement may contain the word "duration" and is not quoted: the last one begins the fields.
    at = rest.rfind(b"duration")
    if at < 0 or rest[at + 8 : at + 9] not in (b"=", b"\x1b", b"#"):
        return _LogEntry(strip_colours(rest), _NO_FIELDS, "kine terminal")
    message = rest[: at - 5] if rest[at - 5 : at - 3] == b"\x1b[" else strip_colours(rest[:at])
    return _LogEntry(message.rstrip(), parse_fields(rest[at:]), "kine terminal")


def parse_fields(tail: bytes) -> _EntryFields:
    """The fields of `duration=1.3s name=GetSingle started="…"`, in any order and among others."""
    if common := _FIELDS.match(tail):  # Kine's own order, read in one step
        duration, name, started = common.groups()
        return _EntryFields(duration.strip(b'"'), name.decode(), started)
    pairs = {key.decode(): value.strip(b'"') for key, value in _PAIR.findall(strip_colours(tail[:2000]))}
    return _EntryFields(
        pairs.get("duration", b""), pairs.get("name", b"").decode("ascii", "replace"), pairs.get("started", b"")
    )


def _json_fields(record: dict[str, Any]) -> _EntryFields:
    took = record.get("duration", "")
    return _EntryFields(
        took if isinstance(took, str | int | float) else "",
        str(record.get("name", "")),
        str(record.get("started", "")).encode("utf-8", "replace"),
    )


def unquote_go(text: bytes) -> bytes:
    """The text inside the quotes of Go's %q or of JSON, unescaped. A value of JSON may have several lines."""
    return _ESCAPE.sub(_decode_escape, text) if b"\\" in text else text


def _decode_escape(found: re.Match[bytes]) -> bytes:
    code = found[1] or found[2]
    if code:
        return chr(int(code, 16)).encode("utf-8", "replace")
    return _CONTROLS.get(found[3], found[3])


def _parse_entry(entry: _LogEntry) -> TimedStatement | None:
    """The times are in the message up to Kine v0.15.0 and in the fields from v0.16.0 on."""
    message, fields, format_name = entry
    if message.startswith(_STARTED):
        return _parse_entry_until_15(message, format_name)
    if not message.startswith(b"Slow SQL: "):
        return None
    took = parse_go_duration(fields.duration)
    if took is None:
        return None
    return TimedStatement(message[10:].strip(), took, fields.started, fields.name, b"", format_name)


def _parse_entry_until_15(message: bytes, format_name: str) -> TimedStatement | None:
    """`Slow SQL (started: T) (total time: D): SQL`, up to v0.11.10 followed by ` : [[arguments]]`."""
    middle = message.find(_TOTAL, len(_STARTED))
    end = message.find(b"):", middle)
    took = parse_go_duration(message[middle + len(_TOTAL) : end]) if 0 < middle < end else None
    if took is None:
        return None
    sql, colon, arguments = message[end + 2 :].partition(b" : [")
    started = message[len(_STARTED) : middle]
    return TimedStatement(sql.strip(), took, started, "", arguments if colon else b"", format_name)
