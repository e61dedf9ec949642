"""Recognises the log formats of Kine, K3s and PostgreSQL by a line, whatever its message is."""

from __future__ import annotations

import re

from kinetune.logs.envelopes import unwrap_line

_KINE_OR_K3S = re.compile(
    rb"\btime=\"?\d{4}-\d\d-\d\d|"  # logrus as text
    rb"(?:^|[^A-Z])(?:PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)(?:(?:\x1b|#033|<ESC>)\[0m)?\[[\dT:.Z+-]+\] |"  # on a terminal
    rb"(?:^|[ \"])[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ |"  # klog, Kubernetes' own
    rb"\b(?:commandwriter|loghelper)\.go:\d+|"  # vcluster
    rb"^\t"  # PostgreSQL: a further line of a statement
)
_SERVER = re.compile(
    rb"\b(?:DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  |"
    rb"(?:^| F )\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z0-9+-]+,(?:\"|,)|"  # csvlog
    rb"error_severity"  # jsonlog
)
_DEBUG = re.compile(rb"level=(?:trace|debug)\b|\b(?:TRAC|DEBU)|\"(?:trace|debug)\"|\d+m(?:TRAC|DEBU)")
_JSON_KEYS = (
    {"message", "time"},  # Kine with --log-format json
    {"msg", "time"},  # logrus with its default names
    {"message", "severity"},
    {"timestamp", "error_severity"},  # PostgreSQL's jsonlog
    {"msg", "level"},
)
_MAX_LINE = 16384
_MAX_HEAD = 1024
"""The format shows at the beginning of a line; a statement of megabytes need not be searched for it."""


def is_known_line(line: bytes) -> bool:
    """Whether one of the supported programs may have written the line."""
    unwrapped = unwrap_line(line.lstrip(b"\0")[:_MAX_LINE])
    if unwrapped.record is not None:
        return any(keys <= unwrapped.record.keys() for keys in _JSON_KEYS)
    head = unwrapped.content[:_MAX_HEAD]
    if _KINE_OR_K3S.search(head) or _SERVER.search(head):
        return True
    return bool(unwrapped.envelopes) and not unwrapped.content.strip()


def is_server_line(line: bytes) -> bool:
    """Whether PostgreSQL wrote the line, to stderr, csvlog or jsonlog."""
    return _SERVER.search(line[:_MAX_HEAD]) is not None


def is_debug_line(line: bytes) -> bool:
    """Whether the line has the level debug or trace, which Kine writes with --debug only."""
    return _DEBUG.search(line[:_MAX_HEAD]) is not None
