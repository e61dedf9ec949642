"""What carries log lines: journald, syslog, containerd (CRI), Docker's json-file. One line in, its content out."""

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
_SPLIT = 16000  # containerd and Docker cut lines at 16 KiB


class Peeled(NamedTuple):
    """A line's content and the names of what was around it; `partial` where the rest is in the next line."""

    content: bytes
    around: tuple[str, ...]
    partial: bool = False
    record: dict[str, Any] | None = None


def enveloped(data: bytes, start: int, end: int) -> bool:
    """Whether something may be around the line that begins at `start`; quick."""
    return _ANY.match(data, start, end) is not None


def peel(line: bytes) -> Peeled:
    """
    The innermost content. `record` is the JSON object the content itself is, if it is one.

    `{"log":"…\\n"}` is Docker's, `MESSAGE` journald's: its text, or its bytes as numbers where they are not printable.
    """
    around: tuple[str, ...] = ()
    partial = False
    line = line.lstrip(b"\0")
    for _ in range(4):
        if line[:1] == b"{":
            record = _object(line)
            inner = _inner(record)
            if inner is None:
                return Peeled(line, around, partial, record)
            partial = partial or (inner[0] == "docker" and not inner[1].endswith(b"\n") and len(inner[1]) > _SPLIT)
            around, line = (*around, inner[0]), inner[1].rstrip(b"\r\n")
        elif found := CRI.match(line):
            partial = partial or found[1] == b"P"
            around, line = (*around, "cri"), line[found.end() :]
        elif found := JOURNAL.match(line):
            around, line = (*around, "journald"), line[found.end() :]
        else:
            break
    return Peeled(line, around, partial)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _inner(record: dict[str, Any] | None) -> tuple[str, bytes] | None:
    for key, name in (("log", "docker"), ("MESSAGE", "journald-json")):
        if record is not None and key in record:
            content = _bytes(record[key])
            return None if content is None else (name, content)
    return None


def _bytes(content: object) -> bytes | None:
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    if isinstance(content, list) and all(isinstance(one, int) and 0 <= one < 256 for one in content):
        return bytes(content)
    return None


def spelled(data: bytes) -> bytes:
    """`journalctl -o json` with text where it has numbers: it writes them for every message with a colour in it."""
    return _NUMBERS.sub(_spell, data) if _NUMBERS.search(data) else data


def _spell(found: re.Match[bytes]) -> bytes:
    try:
        text = bytes(int(number) for number in found[1].split(b","))
    except ValueError:
        return found[0]
    return b'"MESSAGE":' + json.dumps(text.decode("utf-8", "replace")).encode()


def journal_time(line: bytes) -> float | None:
    """Seconds since 1970 UTC of a `journalctl -o json` line."""
    record = _object(line) if line[:1] == b"{" else None
    said = record.get("__REALTIME_TIMESTAMP") if record else None
    return int(said) / 1e6 if isinstance(said, str) and said.isdecimal() and len(said) < 18 else None


def colourless(text: bytes) -> bytes:
    """Without ANSI colours, also as rsyslog writes them (#033)."""
    return _COLOUR.sub(b"", text) if b"\x1b[" in text or b"#033[" in text else text
