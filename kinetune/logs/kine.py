"""Kine's own lines: the four shapes of `Slow SQL`, in logrus' text, JSON and terminal forms, and vcluster's."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from kinetune.logs.clock import milliseconds
from kinetune.logs.envelope import Peeled, colourless, peel

SLOW = b"Slow SQL"
_STARTED = b"Slow SQL (started: "
_TOTAL = b") (total time: "
_PAIR = re.compile(rb"(\w+)=(\"[^\"]*\"|\S+)")
_OFF, _ON = rb"(?:\x1b\[0m)?", rb"(?:\x1b\[\d+m)?"
_USUAL = re.compile(rb" *duration%b=(\S+) %bname%b=(\w+) %bstarted%b=\"([^\"]+)\"" % (_OFF, _ON, _OFF, _ON, _OFF))
_QUOTED = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")
_PLAIN = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
_JSON_MESSAGE = re.compile(rb"\"(?:message|msg)\": ?\"$")


class Timed(NamedTuple):
    """
    A timed statement as the line says it, read no further. `started` and `name` are empty where it does not tell.

    `arguments` is Go's print of the parameters, up to v0.11.10. `form` names the format for the counts.
    """

    sql: bytes
    milliseconds: float
    started: bytes
    name: str
    arguments: bytes
    form: str


class _Fields(NamedTuple):
    """The fields of a logrus entry that matter; a number is nanoseconds."""

    duration: bytes | str | int | float = b""
    name: str = ""
    started: bytes = b""


class _Said(NamedTuple):
    """A logrus entry: its message, unquoted, and its fields."""

    message: bytes
    fields: _Fields
    form: str


_NO_FIELDS = _Fields()


def timed(line: bytes, at: int) -> Timed | None:
    """What a line says that has `Slow SQL` at `at`; None where it is none of the known shapes, or cut short."""
    before = line[:at]
    if before.endswith(b'msg="') and not before.startswith(b"{"):
        return _shape(_text(line, at))
    if before.endswith((b'"', b'\\"')) or b'"log":' in before or b'"MESSAGE"' in before:
        return _wrapped(line, at)
    return _shape(_terminal(line[at:]))


def _wrapped(line: bytes, at: int) -> Timed | None:
    """JSON: logrus' own, or somebody's around a line."""
    brace = line.find(b"{", 0, at)
    inner = peel(line[brace:]) if brace >= 0 else Peeled(line, ())
    if inner.record is not None:
        return _shape(_json(inner.record))
    position = inner.content.find(SLOW)
    if not inner.around or position < 0:
        return None
    return timed(inner.content, position)


def _json(record: dict[str, Any]) -> _Said:
    message = record.get("message", record.get("msg"))
    text = message if isinstance(message, str) else ""
    return _Said(text.encode("utf-8", "replace"), _named(record), "kine json")


def _text(line: bytes, at: int) -> _Said:
    """`time="…" level=info msg="…" duration=1.3s name=… started="…"`; a missing end quote is a line cut short."""
    end = line.find(b'"', at)
    while end > 0 and _escaped(line, end):
        end = line.find(b'"', end + 1)
    if end < 0:
        return _Said(unquoted(line[at:]), _NO_FIELDS, "kine text")
    return _Said(unquoted(line[at:end]), fields(line[end + 1 :]), "kine text")


def _escaped(line: bytes, quote: int) -> bool:
    at = quote
    while line[at - 1 : at] == b"\\":
        at -= 1
    return (quote - at) % 2 == 1


def _terminal(rest: bytes) -> _Said:
    """
    `Slow SQL: …   duration=1.3s name=… started="…"` of a terminal, with colours or without, and vcluster's, which has
    its fields as JSON at the end.
    """
    brace = rest.rfind(b'{"component"') if rest.endswith(b"}") else -1
    if brace > 0:
        try:
            said = json.loads(rest[brace:])
        except ValueError:
            said = {}
        return _Said(rest[:brace].rstrip(), _named(said) if isinstance(said, dict) else _NO_FIELDS, "vcluster")
    at = rest.rfind(b"duration")
    if at < 0 or rest[at + 8 : at + 9] not in (b"=", b"\x1b", b"#"):
        return _Said(colourless(rest), _NO_FIELDS, "kine terminal")
    message = rest[: at - 5] if rest[at - 5 : at - 3] == b"\x1b[" else colourless(rest[:at])
    return _Said(message.rstrip(), fields(rest[at:]), "kine terminal")


def fields(tail: bytes) -> _Fields:
    """From `duration=1.3s name=GetSingle started="…"`, in any order and company."""
    if usual := _USUAL.match(tail):
        duration, name, started = usual.groups()
        return _Fields(duration.strip(b'"'), name.decode(), started)
    pairs = {key.decode(): value.strip(b'"') for key, value in _PAIR.findall(colourless(tail[:2000]))}
    return _Fields(
        pairs.get("duration", b""), pairs.get("name", b"").decode("ascii", "replace"), pairs.get("started", b"")
    )


def _named(record: dict[str, Any]) -> _Fields:
    took = record.get("duration", "")
    return _Fields(
        took if isinstance(took, str | int | float) else "",
        str(record.get("name", "")),
        str(record.get("started", "")).encode("utf-8", "replace"),
    )


def unquoted(text: bytes) -> bytes:
    """The inside of Go's %q."""
    return _QUOTED.sub(_plain, text) if b"\\" in text else text


def _plain(found: re.Match[bytes]) -> bytes:
    code = found[1] or found[2]
    if code:
        return chr(int(code, 16)).encode("utf-8", "replace")
    return _PLAIN.get(found[3], found[3])


def _shape(said: _Said) -> Timed | None:
    """The shape by its message: up to v0.15.0 the times are in it, from v0.16.0 in the fields."""
    message, told, form = said
    if message.startswith(_STARTED):
        return _older(message, form)
    if not message.startswith(b"Slow SQL: "):
        return None
    took = milliseconds(told.duration)
    return None if took is None else Timed(message[10:].strip(), took, told.started, told.name, b"", form)


def _older(message: bytes, form: str) -> Timed | None:
    """`Slow SQL (started: T) (total time: D): SQL`, up to v0.11.10 with ` : [[arguments]]`."""
    middle = message.find(_TOTAL, len(_STARTED))
    end = message.find(b"):", middle)
    took = milliseconds(message[middle + len(_TOTAL) : end]) if 0 < middle < end else None
    if took is None:
        return None
    sql, colon, arguments = message[end + 2 :].partition(b" : [")
    return Timed(sql.strip(), took, message[len(_STARTED) : middle], "", arguments if colon else b"", form)
