"""Patterns of the texts that Kine, K3s and PostgreSQL write, whatever surrounds them."""

from __future__ import annotations

import re

KINE_OR_K3S = re.compile(
    rb"\btime=\"?\d{4}-\d\d-\d\d|"  # logrus as text
    rb"(?:^|[^A-Z])(?:PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)(?:(?:\x1b|#033|<ESC>)\[0m)?\[[\dT:.Z+-]+\] |"  # on a terminal
    rb"(?:^|[ \"])[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ |"  # klog, Kubernetes' own
    rb"\b(?:commandwriter|loghelper)\.go:\d+|"  # vcluster
    rb"^\t"  # PostgreSQL: a further line of a statement
)
SERVER = re.compile(
    rb"\b(?:DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  |"
    rb"(?:^| F )\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z0-9+-]+,(?:\"|,)|"  # csvlog
    rb"error_severity"  # jsonlog
)
# PostgreSQL writes two blanks after its level, also where the level is translated: `LOG:  `, `СООБЩЕНИЕ:  `.
_TRANSLATED = re.compile(rb"\d\d:\d\d:\d\d[^\n]{0,240}?[A-Za-z\x80-\xff]:  \S")
# One blank after the level. Most messages are about a connection to a client (C) or a server (S).
POOLER = re.compile(
    rb"\b(?:NOISE|DEBUG|LOG|WARNING|ERROR|FATAL) "
    rb"(?:[CS]-(?:0x)?[0-9a-f]+: |stats: \d|process up: PgBouncer |kernel file descriptor limit: )"
)
"""Lines of PgBouncer, which are not a server's."""
MAX_HEAD = 1024
"""The format shows at the beginning of a line; a statement of megabytes need not be searched for it."""


def is_server_text(text: bytes) -> bool:
    """Whether the text, without any envelope, begins like a message of PostgreSQL, also a translated one."""
    head = text[:MAX_HEAD]
    return not KINE_OR_K3S.search(head) and bool(SERVER.search(head) or _TRANSLATED.search(head))


def is_known_text(text: bytes) -> bool:
    """Whether the text, without any envelope, begins like a line of Kine, K3s or PostgreSQL (also a translated one)."""
    head = text[:MAX_HEAD]
    return bool(KINE_OR_K3S.search(head) or SERVER.search(head) or _TRANSLATED.search(head))
