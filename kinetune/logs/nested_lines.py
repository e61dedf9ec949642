"""
A line within a line: logrus within logrus (k0s, vcluster), JSON of any collector, a CSV field, a quoted text.

The position of a marker shows where the inner line is: in the innermost text in quotes around it that begins like a
line of a supported program. What is before and after that text is the envelope, whatever wrote it.
"""

from __future__ import annotations

import re

from kinetune.logs.envelopes import parse_json
from kinetune.logs.json_content import find_content, has_own_time, is_entry, split_lines
from kinetune.logs.known_texts import is_known_text
from kinetune.logs.slow_sql import unquote_go
from kinetune.logs.timestamps import STAMP

_MAX_LAYERS = 4
_MAX_STARTS = 12
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*+)(?:"|\\?$)', re.DOTALL)
_DOUBLED = re.compile(rb'(?:^|[,;\t])"((?:[^"]|"")*+)(?:"|$)', re.DOTALL)
_ENTITIES = (
    (b"&quot;", b'"'), (b"&#34;", b'"'), (b"&apos;", b"'"), (b"&#39;", b"'"), (b"&#x27;", b"'"),
    (b"&lt;", b"<"), (b"&gt;", b">"), (b"&amp;", b"&"),
)  # fmt: skip
# Escaped or doubled quotes, JSON, or a quote before the beginning of a line; not that of `time="2026-…"`.
_ENTITY = re.compile(rb"&(?:quot|apos|gt|lt|#34|#39|#x27);")
_SIGN = re.compile(
    rb'\\"|""|\{ ?"|"(?:\\x1b|\\u001b|\x1b|(?:PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)\[)|(?<!time=)"\d{4}-\d\d-'
)


def has_nested_line(line: bytes, position: int) -> bool:
    """Whether the text before a marker at `position` may be the beginning of a line within a line: a cheap check."""
    return _SIGN.search(line, 0, position) is not None or _ENTITY.search(line) is not None


def unwrap_nested_line(line: bytes, marker: bytes) -> bytes | None:
    """
    The inner line with the marker; None if there is none, and for JSON that Kine or PostgreSQL wrote themselves.

    It may have several lines, as the statement of a server's record. If it has no time, the time of the outer line is
    put before it.
    """
    found = _unwrap_once(line, marker)
    if found is None:
        return None
    inner = found
    for _ in range(_MAX_LAYERS):
        deeper = _unwrap_once(inner, marker) if has_nested_line(inner, inner.find(marker)) else None
        if deeper is None:
            break
        inner = deeper
    inner = inner.rstrip(b"\r\n")
    if inner[:1] != b"{" and not has_own_time(inner) and (time := STAMP.search(line[:512])):
        inner = time[0] + b" " + inner
    return inner


def _unwrap_once(line: bytes, marker: bytes) -> bytes | None:
    position = line.find(marker)
    if position < 0:
        return None
    if _ENTITY.search(line):
        for entity, text in _ENTITIES:
            line = line.replace(entity, text)
        return line
    found = _read_json(line, marker)
    return found if found is not None else _read_quoted(line, position, marker)


def _read_json(line: bytes, marker: bytes) -> bytes | None:
    """The content of the JSON in a line: after any prefix and before any suffix."""
    position = line.find(marker)
    start = line.find(b"{", 0, position)
    for _ in range(_MAX_STARTS):
        if start < 0:
            return None
        text = line[start : line.rfind(b"}") + 1]
        record = parse_json(text)
        if isinstance(record, dict):
            if is_entry(record):
                return text if len(text) < len(line.strip()) else None
            texts = (b"\n".join(split_lines(found)) for found in find_content(record))
            return next((text for text in texts if marker in text), None)
        start = line.find(b"{", start + 1, position)
    return None


def _read_quoted(line: bytes, position: int, marker: bytes) -> bytes | None:
    """The text in quotes around the marker, without the quotes and escapes, if it begins like a known line."""
    for pattern, unquote in ((_QUOTED, unquote_go), (_DOUBLED, _undouble)):
        for found in pattern.finditer(line):
            if found.start(1) > position:
                break
            if found.end(1) <= position:
                continue
            text = unquote(found[1])
            if marker in text and text != line and _is_line(text.lstrip()):
                return text.lstrip()
            break
    return None


def _is_line(text: bytes) -> bool:
    record = parse_json(text) if text[:1] == b"{" else None
    return is_entry(record) if isinstance(record, dict) else is_known_text(text)


def _undouble(text: bytes) -> bytes:
    return text.replace(b'""', b'"')
