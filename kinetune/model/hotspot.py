"""Slow calls of Kine as logs record them: one by one, ranked as hotspots, and the other signals of the same logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Vantage(StrEnum):
    """
    Where a duration was measured. They do not add up: the same call may be in several.

    Kine's times (log, metrics) end at the first row and include waiting for a connection (kine pkg/metrics ObserveSQL;
    k3s#6299: 2m9s there, 8 s on the server). The server's times include sending all rows and exclude Kine's pool.
    The API server's traces include Kine, its database and the network between them.
    """

    KINE_LOG = "kine log"
    SERVER_LOG = "server log"
    METRICS = "metrics"
    STATEMENTS = "statements"
    API_SERVER = "api server traces"


class SlowCall(NamedTuple):
    """
    One timed statement. A tuple, because a log holds hundreds of thousands of them.

    `at` is its start in seconds since 1970 UTC. `query` is Kine's name, empty if the statement is not Kine's; `eras`
    are the names of the eras that send it, empty if none of them was recorded. `resource` is a prefix such as
    `/registry/pods/`, empty if the log has no arguments; `key` is empty unless calls are grouped by key. `source` is
    the log. Values of objects are never kept.
    """

    at: float
    query: str
    eras: tuple[str, ...]
    resource: str
    key: str
    milliseconds: float
    source: str
    vantage: Vantage = Vantage.KINE_LOG


class Signal(NamedTuple):
    """A line about a problem. `kind` is one of kine/signals.py; `text` is short and has neither values nor keys."""

    kind: str
    at: float
    source: str
    text: str


class LoggedTrace(NamedTuple):
    """
    A call that the API server traced. `at` is its start, `query` such as `List etcd3`; other fields as in SlowCall.
    """

    at: float
    query: str
    resource: str
    key: str
    milliseconds: float
    source: str


class LoggedPlan(NamedTuple):
    """A plan that auto_explain logged: `text` is PostgreSQL's, without the line of query parameters."""

    at: float
    query: str
    eras: tuple[str, ...]
    resource: str
    milliseconds: float
    source: str
    text: str


@dataclass(frozen=True)
class TimeSlot:
    """The calls of a part of the time. Parts without calls have no slot, so a wrong clock adds one slot only."""

    at: float
    count: int
    total_ms: float


@dataclass(frozen=True)
class HeatCell:
    """One cell of a heatmap: calls in the slot that starts at `at`, which took from `from_ms` to twice as long."""

    at: float
    from_ms: float
    count: int


@dataclass(frozen=True)
class SlowestCall:
    """One of the slowest calls of a hotspot. `resource` is the key if calls are grouped by key."""

    at: float
    milliseconds: float
    resource: str
    source: str


@dataclass(frozen=True)
class Hotspot:
    """
    All calls of one query on one resource (or namespace, or key) in the logs of one vantage.

    `share` is the part of the total time of that vantage, 0 to 1. Percentiles are in ms and exact to 0.4 %. `first`
    and `last` are seconds since 1970 UTC. `worst` has the slowest call first.
    """

    query: str
    eras: tuple[str, ...]
    resource: str
    vantage: Vantage
    count: int
    total_ms: float
    share: float
    p50: float
    p95: float
    p99: float
    max: float
    first: float
    last: float
    timeline: tuple[TimeSlot, ...]
    worst: tuple[SlowestCall, ...]

    @property
    def mean(self) -> float:
        """Milliseconds a call."""
        return self.total_ms / self.count


@dataclass(frozen=True)
class SignalCount:
    """
    All signals of one kind: their meaning, the code of the rule that explains it (or empty), and one example.

    `cause` and `fix` are sentences without a full stop, empty if not known. `releases` are those that write such lines
    or have the cause (`Kine v0.11.0–v0.11.2 (K3s 1.28.4–1.28.6)`), empty if any release may. `start_failed` is true if
    the lines say that Kine or K3s did not start. `first` and `last` are seconds since 1970 UTC.
    """

    kind: str
    words: str
    rule: str
    count: int
    first: float
    last: float
    example: str
    cause: str = ""
    fix: str = ""
    releases: str = ""
    start_failed: bool = False


@dataclass(frozen=True)
class LogCounts:
    """
    What was read. `hits` are lines with a known marker; each is `understood` (a call, a plan, a signal), `passing`
    (known but not ranked: a parse, a call outside the selected time) or `not_understood`.

    `sampled` lines at the start of each source were examined without regard to markers; `recognised` of them had a
    known format. `zoneless` lines have a time without a time zone, `timeless` lines have no time, `jumps` is how often
    a clock went back by more than a minute, `too_long` lines were cut, `unknown_language` lines are of a server whose
    lc_messages is a language that kinetune cannot read, `broken` lines at the start of a source end within a message
    of Kine, and `folded` hotspots were combined because they are light.
    `zones` are offsets from UTC in seconds. `notices` are sentences for the report, such as files that could not be
    read.
    """

    lines: int = 0
    bytes: int = 0
    calls: int = 0
    signals: int = 0
    plans: int = 0
    passing: int = 0
    not_understood: int = 0
    sampled: int = 0
    recognised: int = 0
    zoneless: int = 0
    timeless: int = 0
    jumps: int = 0
    too_long: int = 0
    unknown_language: int = 0
    broken: int = 0
    folded: int = 0
    zones: tuple[int, ...] = ()
    formats: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def understood(self) -> int:
        return self.calls + self.signals + self.plans

    @property
    def hits(self) -> int:
        return self.understood + self.passing + self.not_understood


class StoreKind(StrEnum):
    """The database behind Kine as logs name it, in the words of a report; K3s can also use etcd instead of Kine."""

    POSTGRESQL = "PostgreSQL or a compatible database"
    SQLITE = "SQLite"
    MYSQL = "MySQL or MariaDB"
    SQLITE_OR_MYSQL = "SQLite or MySQL"
    DQLITE = "k8s-dqlite"
    NATS = "NATS"
    ETCD = "etcd"


@dataclass(frozen=True)
class LoggedRelease:
    """
    A release that a log names: `product` is K3s, RKE2 or Kine, `release` as it is written there.

    `kine` is the Kine in it in words (`v0.13.17`, `v0.9.3 to v0.9.8`), empty if not known; `eras` are the numbers of
    the eras that it can belong to (`E11`), empty if not known. `examined` is false for a release that this kinetune
    does not know: advice then needs a caveat. `logs_slow_sql` is false before Kine v0.9.2, None if not known.
    """

    product: str
    release: str
    kine: str = ""
    eras: tuple[str, ...] = ()
    examined: bool = False
    logs_slow_sql: bool | None = None

    def __str__(self) -> str:
        return f"{self.product} {self.release}"


class LogWriter(StrEnum):
    """A program that lines of a log are of. Only of some it is known which calls they log, and which they omit."""

    KINE = "Kine or K3s"
    API_SERVER = "kube-apiserver"
    TIMED_SERVER = "a database server that logs durations"
    SERVER = "a database server"
    PGBOUNCER = "PgBouncer"


@dataclass(frozen=True)
class LogOrigin:
    """
    Which programs wrote the logs and which store they use, from lines that say so; nothing is guessed.

    `releases` are all that were named, sorted by product and release; empty if no line names one. `store_kinds` are
    all kinds of store that lines of Kine or K3s show. `writers` are the programs that lines are certainly of;
    `unknown_sources` are the names of logs without such lines. `available_at` is when a Kine last said that it is
    available, in seconds since 1970 UTC; None if no line that was read says so.
    """

    releases: tuple[LoggedRelease, ...] = ()
    store_kinds: tuple[StoreKind, ...] = ()
    writers: frozenset[LogWriter] = frozenset()
    unknown_sources: tuple[str, ...] = ()
    available_at: float | None = None

    @property
    def store_kind(self) -> StoreKind | None:
        """The kind of store; None if no line shows it, or if the logs are of several kinds."""
        return self.store_kinds[0] if len(self.store_kinds) == 1 else None

    @property
    def is_sql_server(self) -> bool | None:
        """Whether the store is a PostgreSQL or YugabyteDB; None if not known, or if the logs are of both."""
        answers = {kind is StoreKind.POSTGRESQL for kind in self.store_kinds}
        return answers.pop() if len(answers) == 1 else None

    @property
    def logs_slow_sql(self) -> bool | None:
        """
        Whether these programs log slow SQL statements: false before Kine v0.9.2, on NATS, and on etcd, where no Kine
        runs.

        None if no release is known, or if the releases differ.
        """
        if self.store_kind in (StoreKind.NATS, StoreKind.ETCD):
            return False
        answers = {release.logs_slow_sql for release in self.releases}
        return answers.pop() if len(answers) == 1 else None

    @property
    def eras(self) -> tuple[str, ...]:
        """The numbers of all eras that the named releases can belong to; empty if one of them is not known."""
        if not all(release.eras for release in self.releases):
            return ()
        return tuple(sorted({era for release in self.releases for era in release.eras}))

    @property
    def unexamined(self) -> tuple[str, ...]:
        """The named releases that this kinetune does not know, `K3s v1.38.0+k3s1`."""
        return tuple(str(release) for release in self.releases if not release.examined)


@dataclass(frozen=True)
class LogReading:
    """The contents of a set of logs. Hotspots of all vantages are together, those with the most total time first."""

    hotspots: tuple[Hotspot, ...]
    signals: tuple[SignalCount, ...]
    plans: tuple[LoggedPlan, ...]
    heat: tuple[HeatCell, ...]
    slot_seconds: int
    counts: LogCounts
    origin: LogOrigin = LogOrigin()
