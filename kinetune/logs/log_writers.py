"""
Which programs certainly wrote lines of a log, by words that no other program writes.

A report may say that nothing was slow only of these: a log of another Go program looks like Kine's (logrus), and one of
the kubelet like the API server's (klog).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC

from kinetune.logs.known_texts import POOLER
from kinetune.logs.timestamps import KLOG, find_timestamp
from kinetune.model.hotspot import LogWriter

# Messages of all releases of Kine at its start (kine/log_messages.py), the identifier of K3s' unit in syslog, and what
# k0s and vcluster add to the lines of their Kine. Texts, because a regular expression would take 0.1 s a megabyte.
_KINE = (
    b"Starting k3s v", b"Starting rke2 v", b"Kine available at ", b"Kine listening on ",
    b" database connection pooling: max", b"Configuring database table schema and indexes",
    b"Database tables and indexes are up to date", b"COMPACT compact", b"COMPACT deleted ", b"COMPACT revision ",
    b"component=kine", b"Closing database connections...", b"commandwriter.go:", b" k3s[", b" k3s-server[", b" rke2[",
    b" rke2-server[", b" kine[", b" k0s[", b" k0scontroller[",
)  # fmt: skip
_AGENT = (b"Starting k3s agent v", b"Starting rke2 agent v")
"""The agent of K3s has the same identifier in syslog, and no Kine."""
_API_SERVER = (
    b"kube-apiserver",
    b" trace.go:",
    b" cacher.go:",
    b" storage_factory.go:",
    b"OpenAPI AggregationController",
)
_SERVER = (b" LOG:  ", b" ERROR:  ", b" FATAL:  ", b" STATEMENT:  ", b",LOG,00000,", b'"error_severity"')
_SERVER_LINE = re.compile(
    rb"\b(?:LOG|ERROR|FATAL|PANIC|STATEMENT):  |,(?:LOG|ERROR|FATAL|PANIC),[0-9A-Z]{5},|\"error_severity\""
)
_KINE_MESSAGE = re.compile(
    rb"\bkine\b|error in txn|error while range on|ompact failed|compact revision|COMPACT |latest changes|"
    rb"nsert error for key|, revision=|WATCH SEND EVENTS|TTL (?:event|initial)|create driver for|starting kubernetes: |"
    rb"preparing server: |ailed to ping |existence of database|NULL to int64"
)
_STORAGE_MESSAGE = re.compile(
    rb"StorageError: |Error while dialing|resource version|has been compact|etcd-endpoints://"
)
# K3s writes its own lines with logrus and those of Kubernetes with klog, both at the beginning of a line.
_LOGRUS_START = re.compile(rb"^time=\"\d{4}-\d\d-\d\dT[^\"\n]+\" level=\w+ msg=", re.MULTILINE)
_KLOG_START = re.compile(rb"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ ", re.MULTILINE)
_HEAD_BYTES = 1 << 18
"""A start is at the beginning of a log, and other lines of a program are everywhere."""
_MIXTURE_BYTES = 1 << 16
_AVAILABLE = (b"Kine available at ", b"Kine listening on ")
"""Each start of Kine ends with one of them; the second up to v0.7.3."""
# The units whose journal is Kine's, if a user names them with --journal.
_UNITS = frozenset(("k3s", "k3s-server", "kine", "rke2-server", "k0scontroller"))
_JOURNAL = re.compile(r"journal of (.+?)(?:\.service)?")


@dataclass
class WriterTotals:
    """
    The writers of each log of a process. A log without any is listed too.

    `available_at` is the time of the last line by which a Kine finished its start, in whole seconds since 1970 UTC: K3s
    or its envelope may write no fraction, and an error of the same second must not seem to be earlier.
    """

    by_source: dict[str, set[LogWriter]] = field(default_factory=dict)
    available_at: float | None = None

    def add(self, source: str, writer: LogWriter) -> None:
        self.by_source.setdefault(source, set()).add(writer)

    def merge(self, other: WriterTotals) -> None:
        for source, writers in other.by_source.items():
            self.by_source.setdefault(source, set()).update(writers)
        self._observe_start(other.available_at)

    def _observe_start(self, at: float | None) -> None:
        if at is not None:
            self.available_at = max(at, self.available_at or at)

    @property
    def writers(self) -> frozenset[LogWriter]:
        return frozenset().union(*self.by_source.values())

    @property
    def unknown_sources(self) -> tuple[str, ...]:
        return tuple(sorted(source for source, writers in self.by_source.items() if not writers))

    def observe_text(self, source: str, text: bytes) -> None:
        """The first lines of a source, or those after a start."""
        text = text[:_HEAD_BYTES]
        found = set(_find_writers(text))
        unit = _JOURNAL.fullmatch(source)
        if unit and unit[1] in _UNITS:
            found.add(LogWriter.KINE)
        self.by_source.setdefault(source, set()).update(found)
        for words in _AVAILABLE:
            at = text.rfind(words)
            if at >= 0:
                # logrus writes the offset of its times; a time without one is compared with others of the same log.
                stamp = find_timestamp(text[text.rfind(b"\n", 0, at) + 1 : at], UTC)
                self._observe_start(stamp.at // 1 if stamp else None)

    def observe_message(self, source: str, line: bytes) -> None:
        """
        A line about a problem: a server has its own form, and the API server writes klog or has a client of etcd.

        Any program in Go may write a SQLSTATE, stop with a fatal error, crash, or lose a lease.
        """
        if _SERVER_LINE.search(line):
            self.add(source, LogWriter.SERVER)
        elif KLOG.search(line) or b"etcd-client" in line:
            if _STORAGE_MESSAGE.search(line):
                self.add(source, LogWriter.API_SERVER)
        elif _KINE_MESSAGE.search(line):
            self.add(source, LogWriter.KINE)


def _find_writers(text: bytes) -> Iterator[LogWriter]:
    if (_has_any(text, _KINE) or _is_k3s_mixture(text[:_MIXTURE_BYTES])) and not _has_any(text, _AGENT):
        yield LogWriter.KINE
    if _has_any(text, _API_SERVER):
        yield LogWriter.API_SERVER
    if _has_any(text, _SERVER) or text.startswith(tuple(words.lstrip() for words in _SERVER)):
        yield LogWriter.SERVER
    if POOLER.search(text[:_MIXTURE_BYTES]):
        yield LogWriter.PGBOUNCER


def _has_any(text: bytes, words: tuple[bytes, ...]) -> bool:
    return any(word in text for word in words)


def _is_k3s_mixture(head: bytes) -> bool:
    return _LOGRUS_START.search(head) is not None and _KLOG_START.search(head) is not None
