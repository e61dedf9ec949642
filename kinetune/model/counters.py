"""What somebody has counted of Kine's calls: pg_stat_statements on the server, Kine's own metrics. Counts only grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Bucket:
    """So many calls took from `low_ms` to `high_ms`; None has no upper end."""

    low_ms: float
    high_ms: float | None
    count: int


@dataclass(frozen=True)
class Counter:
    """
    One statement's or one metric's counts since it was first seen, on one node.

    `node` and `id` name it from one reading to the next. `query` is Kine's name, empty where all are counted together.
    `eras` are the names of those that send it. `max_ms` is None where nobody keeps it; `rows` too. `since` is when the
    entry began, where the server says so. `extra` are further counters by the server's own names.
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
class Node:
    """
    A place that counts: a server's node, or Kine's /metrics. `began` is when its counters were last set to nothing,
    `evicted` how many entries it has thrown away for want of room.
    """

    name: str
    began: datetime | None = None
    evicted: int = 0


@dataclass(frozen=True)
class Counters:
    """
    One reading, of the statements of one `database`. `places` are the nodes that answered; `notices` say of the others
    why not.

    `gauges` are other figures by their own names; those that end in _total, labels aside, only grow.
    """

    taken_at: datetime
    places: tuple[Node, ...]
    entries: tuple[Counter, ...]
    gauges: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    database: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """What --save keeps and --since takes."""

    statements: Counters | None = None
    metrics: Counters | None = None


@dataclass(frozen=True)
class Cost:
    """
    All calls of one query as counters tell them, over all nodes: no times of day, no resources, no examples.

    `share` is of the total time, 0 to 1. Percentiles are None where nobody keeps buckets, and lie within one bucket;
    `max` is None where it is not known of these calls alone.
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
        return self.total_ms / self.count if self.count else 0.0


@dataclass(frozen=True)
class Costs:
    """`seconds` is the time they were counted in, None where nobody knows; `growth` what the _total gauges grew by."""

    costs: tuple[Cost, ...]
    seconds: float | None
    gauges: Mapping[str, float]
    growth: Mapping[str, float]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Running:
    """
    A session at work, or one that others wait for. `query` is Kine's name or the first word of another statement.

    `waits_for` is the server's word for it (`Lock: transactionid`), `blocked_by` process numbers on the same node.
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
    """`idle` sessions do nothing; `hidden` ones are other roles', whose doings this role may not see."""

    running: tuple[Running, ...]
    idle: int
    hidden: int
    notices: tuple[str, ...] = ()
