"""Whether a line has the form of a log that Kine, K3s or a PostgreSQL server writes, whatever it says."""

from __future__ import annotations

import re

from kinetune.logs.envelope import peel

_KNOWN = re.compile(
    rb"\btime=\"?\d{4}-\d\d-\d\d|"  # logrus
    rb"\b(?:PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)(?:(?:\x1b|#033|<ESC>)\[0m)?\[[\dT:.Z+-]+\] |"  # logrus on a terminal
    rb"(?:^|[ \"])[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ |"  # klog
    rb"\b(?:DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  |"
    rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z0-9+-]+,(?:\"|,)|"  # csvlog
    rb"\b(?:commandwriter|loghelper)\.go:\d+|^\t"
)
_RECORD = (
    {"message", "time"},
    {"msg", "time"},
    {"message", "severity"},
    {"timestamp", "error_severity"},
    {"msg", "level"},
)


def known(line: bytes) -> bool:
    peeled = peel(line[:16384])
    if peeled.record is not None:
        return any(wanted <= peeled.record.keys() for wanted in _RECORD)
    return _KNOWN.search(peeled.content[:1024]) is not None or (bool(peeled.around) and not peeled.content.strip())
