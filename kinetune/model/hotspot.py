"""Slow calls of Kine as logs record them: one by one, ranked as hotspots, and the other signals of the same logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Vantage(StrEnum):
    """
    Where a duration was measured. The four do not add up: the same call may be in several.

    Kine's times (log, metrics) end at the first row and include waiting for a connection (kine pkg/metrics ObserveSQL;
    k3s#6299: 2m9s there, 8 s on the server). The server's times include sending all rows and exclude Kine's pool.
    """

    KINE_LOG = "kine log"
    SERVER_LOG = "server log"
    METRICS = "metrics"
    STATEMENTS = "statements"


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
    """All signals of one kind: their meaning, the code of the rule that explains it (or empty), and one example."""

    kind: str
    words: str
    rule: str
    count: int
    first: float
    last: float
    example: str


@dataclass(frozen=True)
class LogCounts:
    """
    What was read. `hits` are lines with a known marker; each is `understood` (a call, a plan, a signal), `passing`
    (known but not ranked: a parse, a call outside the selected time) or `not_understood`.

    `sampled` lines at the start of each source were examined without regard to markers; `recognised` of them had a
    known format. `zoneless` lines have a time without a time zone, `timeless` lines have no time, `jumps` is how often
    a clock went back by more than a minute, `too_long` lines were cut, and `folded` hotspots were combined because
    they are light. `zones` are offsets from UTC in seconds. `notices` are sentences for the report, such as files that
    could not be read.
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


@dataclass(frozen=True)
class LogReading:
    """The contents of a set of logs. Hotspots of all vantages are together, those with the most total time first."""

    hotspots: tuple[Hotspot, ...]
    signals: tuple[SignalCount, ...]
    plans: tuple[LoggedPlan, ...]
    heat: tuple[HeatCell, ...]
    slot_seconds: int
    counts: LogCounts
