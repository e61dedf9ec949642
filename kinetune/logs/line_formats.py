"""Recognises the log formats of Kine, K3s and PostgreSQL by a line, whatever its message is."""

from __future__ import annotations

import re

from kinetune.logs.envelopes import unwrap_line
from kinetune.logs.known_texts import KINE_OR_K3S, MAX_HEAD, POOLER, SERVER

_DEBUG = re.compile(rb"level=(?:trace|debug)\b|\b(?:TRAC|DEBU)|\"(?:trace|debug)\"|\d+m(?:TRAC|DEBU)")
_JSON_KEYS = (
    {"message", "time"},  # Kine with --log-format json
    {"msg", "time"},  # logrus with its default names
    {"message", "severity"},
    {"timestamp", "error_severity"},  # PostgreSQL's jsonlog
    {"msg", "level"},
)
_MAX_LINE = 16384


def is_known_line(line: bytes) -> bool:
    """Whether one of the supported programs may have written the line."""
    unwrapped = unwrap_line(line.lstrip(b"\0")[:_MAX_LINE])
    if unwrapped.record is not None:
        return any(keys <= unwrapped.record.keys() for keys in _JSON_KEYS)
    head = unwrapped.content[:MAX_HEAD]
    if KINE_OR_K3S.search(head) or SERVER.search(head) or POOLER.search(head):
        return True
    if b'\\"' in head and KINE_OR_K3S.search(head.replace(b'\\"', b'"')):  # a line within a line
        return True
    return bool(unwrapped.envelopes) and not unwrapped.content.strip()


def is_server_line(line: bytes) -> bool:
    """Whether PostgreSQL wrote the line, to stderr, csvlog or jsonlog."""
    return SERVER.search(line[:MAX_HEAD]) is not None


def is_debug_line(line: bytes) -> bool:
    """Whether the line has the level debug or trace, which Kine writes with --debug only."""
    return _DEBUG.search(line[:MAX_HEAD]) is not None
