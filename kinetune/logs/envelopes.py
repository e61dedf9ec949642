"""What wraps a log line: journald, syslog, containerd (CRI), Docker's json-file. One line in, its content out."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

CRI = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) std(?:out|err) ([FP]) ")
JOURNAL = re.compile(
    rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)) "
    rb"[^\s\[]+ [\w./@-]+(?:\[\d+\])?: "
)
_ANY = re.compile(rb"\0*(?:\{[ ]*\"|" + CRI.pattern + rb"|" + JOURNAL.pattern + rb")")
_COLOUR = re.compile(rb"(?:\x1b|#033)\[[0-9;]*m")
_NUMBERS = re.compile(rb"\"MESSAGE\" ?: ?\[([\d, ]+)\]")
_DOCKER_KEYS = {"log", "stream", "time", "attrs"}
_MAX_ENVELOPES = 4
PIECE_BYTES = 16000
"""containerd and Docker split lines at 16 KiB. CRI marks the pieces; Docker's show only by their size."""


class UnwrappedLine(NamedTuple):
    """
    The content of a line and the names of its envelopes, outermost first.

    `partial`: the rest is in the next line. `record`: the content as an object, if it is JSON itself.
    """

    content: bytes
    envelopes: tuple[str, ...]
    partial: bool = False
    record: dict[str, Any] | None = None


def has_envelope(data: bytes, start: int, end: int) -> bool:
    """Whether the line that begins at `start` may be wrapped: much cheaper than unwrap_line."""
    return _ANY.match(data, start, end) is not None


def unwrap_line(line: bytes) -> UnwrappedLine:
    """The line without its envelopes: `{"log":"…\\n"}` is Docker's, `{"MESSAGE":…}` journald's."""
    envelopes: tuple[str, ...] = ()
    partial = False
    line = line.lstrip(b"\0")  # after copytruncate, a program that keeps its offset leaves a hole of zeros
    for _ in range(_MAX_ENVELOPES):
        if line[:1] == b"{":
            record = _parse_object(line)
            inner = _inner_message(record)
            if inner is None:
                return UnwrappedLine(line, envelopes, partial, record)
            partial = partial or _is_docker_piece(record, inner[1])
            envelopes, line = (*envelopes, inner[0]), inner[1].rstrip(b"\r\n")
        elif found := CRI.match(line):
            partial = partial or found[1] == b"P"
            envelopes, line = (*envelopes, "cri"), line[found.end() :]
        elif found := JOURNAL.match(line):
            envelopes, line = (*envelopes, "journald"), line[found.end() :]
        else:
            break
    return UnwrappedLine(line, envelopes, partial)


def parse_json(text: str | bytes) -> object:
    """The value of a JSON text; None if it is not one."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: deeply nested JSON, which a log may contain
        return None


def write_json(value: object) -> str:
    """The JSON of a value in one line; empty if it is nested as deeply as parse_json can just read."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def _parse_object(line: bytes) -> dict[str, Any] | None:
    found = parse_json(line)
    return found if isinstance(found, dict) else None


def _inner_message(record: dict[str, Any] | None) -> tuple[str, bytes] | None:
    for key, name in (("log", "docker"), ("MESSAGE", "journald-json")):
        if record is not None and key in record:
            content = encode_message(record[key])
            return None if content is None else (name, content)
    return None


def _is_docker_piece(record: dict[str, Any] | None, content: bytes) -> bool:
    """Only Docker's own content ends with a newline: Fluent Bit has the same key, and removes it."""
    is_docker = record is not None and record.keys() <= _DOCKER_KEYS
    return is_docker and len(content) > PIECE_BYTES and not content.endswith(b"\n")


def encode_message(content: object) -> bytes | None:
    """
    The message as bytes; None for a value of another type. journald writes an array of byte values for a message that
    is not printable.
    """
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    if isinstance(content, list) and all(isinstance(value, int) and 0 <= value < 256 for value in content):
        return bytes(content)
    return None


def decode_journal_messages(data: bytes) -> bytes:
    """
    Lines of `journalctl -o json` with text instead of arrays of byte values.

    The scanner could not find a marker in an array. journald writes one for each message with colours: for all messages
    of standalone Kine from v0.16.0 on.
    """
    return _NUMBERS.sub(_decode_message, data) if _NUMBERS.search(data) else data


def _decode_message(found: re.Match[bytes]) -> bytes:
    try:
        text = bytes(int(number) for number in found[1].split(b","))
    except ValueError:
        return found[0]
    return b'"MESSAGE":' + json.dumps(text.decode("utf-8", "replace")).encode()


def journal_timestamp(line: bytes) -> float | None:
    """Seconds since 1970 UTC of a line of `journalctl -o json`, which has microseconds as a string."""
    record = _parse_object(line) if line[:1] == b"{" else None
    text = record.get("__REALTIME_TIMESTAMP") if record else None
    return int(text) / 1e6 if isinstance(text, str) and text.isdecimal() and len(text) < 18 else None


def strip_colours(text: bytes) -> bytes:
    """The text without ANSI colours, also as rsyslog escapes them (#033)."""
    return _COLOUR.sub(b"", text) if b"\x1b[" in text or b"#033[" in text else text
