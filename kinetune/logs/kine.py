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


class _Said(NamedTuple):
    """A logrus entry: its message, unquoted, and its fields."""

    message: bytes
    fields: dict[str, Any]
    form: str


def timed(line: bytes, at: int) -> Timed | None:
    """What a line says that has `Slow SQL` at `at`; None where it is none of the known shapes, or cut short."""
    before = line[:at]
    if before.endswith(b'msg="') and not before.startswith(b"{"):
        return _shape(_text(line, at))
    if before.endswith((b'"', b'\\"')) or before.startswith((b'{"log"', b'{ "log"')) or b'"MESSAGE"' in before:
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
    return _Said(text.encode("utf-8", "replace"), record, "kine json")


def _text(line: bytes, at: int) -> _Said:
    """`time="…" level=info msg="…" duration=1.3s name=… started="…"`; a missing end quote is a line cut short."""
    end = line.find(b'"', at)
    while end > 0 and _escaped(line, end):
        end = line.find(b'"', end + 1)
    if end < 0:
        return _Said(unquoted(line[at:]), {}, "kine text")
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
    brace = rest.rfind(b'{"component"')
    if brace > 0:
        try:
            said = json.loads(rest[brace:])
        except ValueError:
            said = {}
        return _Said(rest[:brace].rstrip(), said if isinstance(said, dict) else {}, "vcluster")
    at = rest.rfind(b"duration", rest.rfind(b"  ") if rest.startswith(b"Slow SQL: ") else 0)
    if at < 0 or rest[at + 8 : at + 9] not in (b"=", b"\x1b", b"#"):
        return _Said(colourless(rest), {}, "kine terminal")
    return _Said(colourless(rest[:at]).rstrip(), fields(colourless(rest[at:])), "kine terminal")


def fields(tail: bytes) -> dict[str, Any]:
    """`key=value` pairs, quotes taken off."""
    return {key.decode(): value.strip(b'"').decode("utf-8", "replace") for key, value in _PAIR.findall(tail, 0, 2000)}


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
    took = milliseconds(told.get("duration", ""))
    if took is None:
        return None
    sql = message[10:].strip()
    return Timed(sql, took, str(told.get("started", "")).encode(), str(told.get("name", "")), b"", form)


def _older(message: bytes, form: str) -> Timed | None:
    """`Slow SQL (started: T) (total time: D): SQL`, up to v0.11.10 with ` : [[arguments]]`."""
    middle = message.find(_TOTAL, len(_STARTED))
    end = message.find(b"):", middle)
    took = milliseconds(message[middle + len(_TOTAL) : end]) if 0 < middle < end else None
    if took is None:
        return None
    sql, colon, arguments = message[end + 2 :].partition(b" : [")
    return Timed(sql.strip(), took, message[len(_STARTED) : middle], "", arguments if colon else b"", form)
