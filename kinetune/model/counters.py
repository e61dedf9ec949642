"""Counters of Kine's calls, in the server's pg_stat_statements and in Kine's metrics, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kinetune.model.versioned_file import FileFormat

SNAPSHOT_FILE = FileFormat("kinetune counters", "counters", "create one with kinetune hotspots --save FILE")


@dataclass(frozen=True)
class Bucket:
    """The number of calls that took from `low_ms` to `high_ms`; None is a bucket without an upper limit."""

    low_ms: float
    high_ms: float | None
    count: int


@dataclass(frozen=True)
class Counter:
    """
    The counts of one statement or one metric on one node. They only increase, until they are reset.

    `node` and `id` identify it in the next reading. `query` is Kine's name, empty if all queries are counted together;
    `eras` are the names of the eras that send it. `max_ms` and `rows` are None if the source does not count them.
    `since` is the start of the entry (PostgreSQL 17 and later). `extra` are further counters by the server's names.
    """

    node: str
    id: str
    query: str
    eras: tuple[str, ...] = ()
    calls: int = 0
    total_ms: float = 0.0
    max_ms: float | None = None
    rows: int | None = None
    errors: int = 0
    since: datetime | None = None
    buckets: tuple[Bucket, ...] = ()
    extra: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CounterNode:
    """
    A node of the server, or the /metrics of one Kine. `began` is the last reset of its counters, `evicted` the number
    of entries that it discarded because its table was full.
    """

    name: str
    began: datetime | None = None
    evicted: int = 0


@dataclass(frozen=True)
class Counters:
    """
    One reading. `places` are the nodes that answered; `notices` give the reason for the others. `database` is the one
    whose statements were counted.

    `gauges` are other metrics by name; those that end in _total, before the labels, only increase.
    """

    taken_at: datetime
    places: tuple[CounterNode, ...]
    entries: tuple[Counter, ...]
    gauges: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    database: str | None = None


@dataclass(frozen=True)
class CounterSnapshot:
    """The counters that --save writes and --since reads."""

    statements: Counters | None = None
    metrics: Counters | None = None


@dataclass(frozen=True)
class QueryCost:
    """
    All calls of one query on all nodes. Counters have no times of day, no resources and no examples.

    `share` is the part of the total time, 0 to 1. Percentiles are estimated within a bucket, and None without buckets.
    `max` is None where the maximum may be of an earlier call.
    """

    query: str
    eras: tuple[str, ...]
    count: int
    total_ms: float
    share: float
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None
    rows: int | None = None
    errors: int = 0
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Milliseconds a call."""
        return self.total_ms / self.count if self.count else 0.0

    @property
    def resource(self) -> str:
        """Always empty: counters have no keys. A Hotspot of a log has the resource here."""
        return ""


@dataclass(frozen=True)
class CounterTotals:
    """What was counted in `seconds`, None if unknown. `growth` is the increase of the gauges that end in _total."""

    costs: tuple[QueryCost, ...]
    seconds: float | None
    gauges: Mapping[str, float]
    growth: Mapping[str, float]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunningSession:
    """
    An active session, or one that blocks others. `query` is Kine's name, or the first word of another statement.

    `waits_for` is PostgreSQL's wait event (`Lock: transactionid`); `blocked_by` are process ids on the same node.
    """

    node: str
    pid: int
    query: str
    is_kine: bool
    state: str
    seconds: float
    application: str
    waits_for: str = ""
    blocked_by: tuple[int, ...] = ()


@dataclass(frozen=True)
class Activity:
    """`idle` and `hidden` are numbers of sessions. Hidden ones belong to roles whose statements are not visible."""

    running: tuple[RunningSession, ...]
    idle: int
    hidden: int
    notices: tuple[str, ...] = ()
