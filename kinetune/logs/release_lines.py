"""Lines that name the release of K3s, RKE2 or Kine, and lines that show which kind of store Kine uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kinetune.kine.log_origin import DRIVER_STORES, describe_logged_release
from kinetune.logs.log_writers import WriterTotals
from kinetune.model.hotspot import LogOrigin, LogWriter, StoreKind

_PRODUCTS = {b"k3s": "K3s", b"rke2": "RKE2", b"kine": "Kine"}
_TAG = rb"v?\d+\.\d+\.\d+[\w.+-]*"
# K3s: `Starting k3s v1.28.4+k3s2 (6ba6c1b6)`. Installer and shell: INSTALL_K3S_VERSION=…, `k3s version …`. Kine has no
# line with its version; `kine --version` writes `kine version v0.13.17 (abc1234)`.
_STARTED = re.compile(rb"\bStarting (k3s|rke2) (%b)(?= \(|[\"\\]|\s*$)" % _TAG, re.MULTILINE)
# By a word that is searched first: a pattern that begins with \b or a choice reads 0.2 GB/s.
_MENTIONED = {
    b" version ": re.compile(rb"\b(k3s|rke2|kine) version (%b)(?= \()" % _TAG),
    b"_VERSION": re.compile(rb"\bINSTALL_(K3S|RKE2)_VERSION\\?[\"']?\s*[=:]\s*\\?[\"']?(%b)" % _TAG),
    # klog's start of the scheduler, and the metric kubernetes_build_info.
    b"ersion=": re.compile(rb"\b(?:git_)?[vV]ersion=\\?\"(?=v[\d.]+\+(k3s|rke2))(%b)" % _TAG),
    b"rancher/": re.compile(rb"\brancher/(k3s|kine):(%b)" % _TAG),
    b"/releases/download/": re.compile(rb"/(k3s|rke2|kine)/releases/download/(v\d+\.\d+\.\d+(?:[\w.-]|\+|%2[Bb])*)/"),
}
_PLATFORM = re.compile(r"-(?:amd64|arm64|arm|s390x|riscv64)$")
_POOL = re.compile(rb"Configuring (\w+) database connection pooling")
_SQLITE_ERRORS = re.compile(
    rb"no such table: |database is locked|(?:UNIQUE constraint failed|no such column): |SQL logic error|"
    rb"database disk image is malformed|Kine built with sqlite from "
)
# Kine itself writes `EXEC (try: 0)`, with --debug; k8s-dqlite adds its own small letters to errors.
_DQLITE = re.compile(rb"\b(?:query|exec) \(try: \d+\)|\bk8s-dqlite\b")
_MYSQL_ERRORS = re.compile(rb"\bError \d{4}(?: \([0-9A-Z]{5}\))?: ")
_POSTGRESQL_ERRORS = re.compile(rb"\(SQLSTATE [0-9A-Z]{5}\)|\bpq: ")
_ETCD = re.compile(rb"Managed etcd cluster |Starting etcd for new cluster|\"starting an etcd server\"")
_PLACEHOLDER = re.compile(rb"(?:=|<|>|LIKE|OR|values ?\(|VALUES ?\() ?(\?|\$\d)(?=[ ,)\"]|$)")
START_MARKERS = (b"Starting k3s v", b"Starting rke2 v", b"Kine available at ")
"""
The scanner searches these in the whole log, as a program may be upgraded while it is written. Everything else is at the
beginning, after a start, or in lines that are read anyway, because each search takes time.
"""
_HEAD_BYTES = 1 << 19
_AFTER_START_BYTES = 1 << 16
_MAX_STATEMENTS = 200
_STATEMENT_BYTES = 16_384


@dataclass
class OriginTotals:
    """
    What the logs of a process named: (product, release) of programs, and kinds of stores.

    `mentioned` are releases in shell commands, image names and URLs. A line about another cluster may have them, so
    they count only where no program logged its own start. `slow_sql_sources` are the logs with lines of Slow SQL.
    """

    started: set[tuple[str, str]] = field(default_factory=set)
    mentioned: set[tuple[str, str]] = field(default_factory=set)
    stores: set[StoreKind] = field(default_factory=set)
    slow_sql_sources: set[str] = field(default_factory=set)
    writers: WriterTotals = field(default_factory=WriterTotals)

    def merge(self, other: OriginTotals) -> None:
        self.started |= other.started
        self.mentioned |= other.mentioned
        self.stores |= other.stores
        self.slow_sql_sources |= other.slow_sql_sources
        self.writers.merge(other.writers)

    def freeze(self) -> LogOrigin:
        """The origin as a value. A dqlite log has the errors and placeholders of SQLite too: that is one store."""
        stores = set(self.stores)
        if StoreKind.DQLITE in stores:
            stores -= {StoreKind.SQLITE, StoreKind.SQLITE_OR_MYSQL}
        if stores & {StoreKind.SQLITE, StoreKind.MYSQL}:
            stores.discard(StoreKind.SQLITE_OR_MYSQL)
        releases = sorted(self.started or self.mentioned, key=lambda named: (named[0], _sort_key(named[1])))
        kinds = tuple(kind for kind in StoreKind if kind in stores)
        found = tuple(describe_logged_release(*named) for named in releases)
        writers = self.writers
        return LogOrigin(found, kinds, writers.writers, writers.unknown_sources, writers.available_at)


class OriginReader:
    """Observes the windows of one source, in order, and the lines that are read for another reason."""

    def __init__(self, source: str, totals: OriginTotals) -> None:
        self._source = source
        self._totals = totals
        self._head_left = _HEAD_BYTES
        self._statements_left = _MAX_STATEMENTS

    def observe_window(self, data: bytes, limit: int) -> None:
        """Search the beginning of the source completely."""
        done = min(limit, self._head_left)
        if done > 0:
            self._head_left -= done
            # The end of the head may be within a line: the line is read to its end.
            done = data.find(b"\n", done, limit) + 1 or limit
            self._search(data[:done])

    def observe_start(self, data: bytes, start: int, limit: int) -> None:
        """Search the line at `start`, which has a marker of START_MARKERS, and the lines after it."""
        self._search(data[start : min(start + _AFTER_START_BYTES, limit)])

    def observe_statement(self, data: bytes, start: int) -> None:
        """The placeholders of a `Slow SQL` line at `start`: `?` on SQLite and MySQL, `$1` on PostgreSQL."""
        if self._statements_left <= 0:
            return
        self._statements_left -= 1
        self._totals.slow_sql_sources.add(self._source)
        self._totals.writers.add(self._source, LogWriter.KINE)
        end = data.find(b"\n", start)
        end = min(len(data) if end < 0 else end, start + _STATEMENT_BYTES)
        if found := _PLACEHOLDER.search(data, start, end):
            self._totals.stores.add(StoreKind.SQLITE_OR_MYSQL if found[1] == b"?" else StoreKind.POSTGRESQL)
            # One kind of store for each Kine; a file with the logs of several Kines is sampled.
            self._statements_left = min(self._statements_left, 20)

    def observe_message(self, message: bytes) -> None:
        """The error in a line of Kine that is a signal."""
        self._totals.stores.update(_find_error_stores(message))
        self._totals.writers.observe_message(self._source, message)

    def observe_duration(self) -> None:
        """A server's record with a duration."""
        self._totals.writers.add(self._source, LogWriter.TIMED_SERVER)

    def _search(self, text: bytes) -> None:
        self._totals.writers.observe_text(self._source, text)
        if b"Starting " in text:
            self._totals.started.update(map(_name_match, _STARTED.finditer(text)))
        for word, pattern in _MENTIONED.items():
            if word in text:
                self._totals.mentioned.update(map(_name_match, pattern.finditer(text)))
        for found in _POOL.finditer(text):
            if kind := DRIVER_STORES.get(found[1].decode("ascii", "replace")):
                self._totals.stores.add(kind)
        if b"connecting to nats://" in text:
            self._totals.stores.add(StoreKind.NATS)
        if _ETCD.search(text):
            self._totals.stores.add(StoreKind.ETCD)
        self._totals.stores.update(_find_error_stores(text, only_kine=True))


def _find_error_stores(text: bytes, only_kine: bool = False) -> Iterator[StoreKind]:
    """
    The stores whose error messages the text has. With `only_kine` only those that no other program writes into the
    same log: a pod's SQLite may be locked too, and a server's own log has SQLSTATEs.
    """
    if (b"(try: " in text or b"k8s-dqlite" in text) and _DQLITE.search(text):
        yield StoreKind.DQLITE
    if only_kine:
        if b"Kine built with sqlite from " in text or b"no such table: kine" in text:
            yield StoreKind.SQLITE
        return
    if _SQLITE_ERRORS.search(text):
        yield StoreKind.SQLITE
    if _MYSQL_ERRORS.search(text):
        yield StoreKind.MYSQL
    if _POSTGRESQL_ERRORS.search(text):
        yield StoreKind.POSTGRESQL


def _name_match(found: re.Match[bytes]) -> tuple[str, str]:
    """
    Product and release, in one spelling: image tags write `-k3s1` for `+k3s1`, may have a platform or lack the `v`.
    """
    product = _PRODUCTS[found[1].lower()]
    release = re.sub("%2[Bb]", "+", found[2].decode("ascii", "replace"))
    bare = _PLATFORM.sub("", release if release.startswith("v") else f"v{release}").rstrip(".-+")
    return product, re.sub(r"-(k3s|rke2r)(\d+)$", r"+\1\2", bare) if product != "Kine" else bare


def _sort_key(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release)[:4])
