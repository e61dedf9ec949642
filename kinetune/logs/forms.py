"""Whether a line has the form of a log that Kine, K3s or a PostgreSQL server writes, whatever it says."""

from __future__ import annotations

import re

from kinetune.logs.envelope import peel

_KNOWN = re.compile(
    # logrus, as text and on a terminal; klog; vcluster
    rb"\btime=\"?\d{4}-\d\d-\d\d|"
    rb"(?:^|[^A-Z])(?:PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)(?:(?:\x1b|#033|<ESC>)\[0m)?\[[\dT:.Z+-]+\] |"
    rb"(?:^|[ \"])[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ |"
    rb"\b(?:commandwriter|loghelper)\.go:\d+|^\t"
)
_SERVER = re.compile(
    rb"\b(?:DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  |"
    rb"(?:^| F )\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z0-9+-]+,(?:\"|,)|"  # csvlog
    rb"error_severity"
)
_VERBOSE = re.compile(rb"level=(?:trace|debug)\b|\b(?:TRAC|DEBU)|\"(?:trace|debug)\"|\d+m(?:TRAC|DEBU)")
_RECORD = (
    {"message", "time"},
    {"msg", "time"},
    {"message", "severity"},
    {"timestamp", "error_severity"},
    {"msg", "level"},
)


def known(line: bytes) -> bool:
    peeled = peel(line.lstrip(b"\0")[:16384])
    if peeled.record is not None:
        return any(wanted <= peeled.record.keys() for wanted in _RECORD)
    head = peeled.content[:1024]
    if _KNOWN.search(head) or _SERVER.search(head):
        return True
    return bool(peeled.around) and not peeled.content.strip()


def of_server(line: bytes) -> bool:
    """Whether PostgreSQL wrote it: stderr, csvlog or jsonlog."""
    return _SERVER.search(line[:1024]) is not None


def verbose(line: bytes) -> bool:
    """Whether the line is one of Kine's --debug."""
    return _VERBOSE.search(line[:1024]) is not None
