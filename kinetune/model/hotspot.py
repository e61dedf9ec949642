"""Which of Kine's queries hurt: calls seen somewhere, ranked; and what else the same logs tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Vantage(StrEnum):
    """
    Who measured a duration. The two do not add up: one call may be in both.

    Kine's ends at the first row and includes waiting for a connection (kine pkg/metrics ObserveSQL; k3s#6299: 2m9s
    there, 8 s on the server); the server's includes sending all rows and knows nothing of Kine's pool.
    """

    KINE = "kine"
    SERVER = "server"


class SlowCall(NamedTuple):
    """
    One statement that somebody timed. A tuple because a log holds hundreds of thousands of them.

    `at` is when it began, in seconds since 1970 UTC. `query` is Kine's name, empty where the statement is not Kine's;
    `eras` are the names of those that send it (empty: an era whose statements were not recorded). `resource` is
    `/registry/pods/`, empty where the log hides parameters; `key` is empty unless it was asked for. Never a value.
    """

    at: float
    query: str
    eras: tuple[str, ...]
    resource: str
    key: str
    milliseconds: float
    source: str
    vantage: Vantage = Vantage.KINE


class Signal(NamedTuple):
    """Another telling line: `kind` is one of kine/signals, `text` short, without values, its keys hidden."""

    kind: str
    at: float
    source: str
    text: str


class SeenPlan(NamedTuple):
    """A plan that auto_explain wrote: `text` is PostgreSQL's, for plans/ to read, without its parameter line."""

    at: float
    query: str
    eras: tuple[str, ...]
    resource: str
    milliseconds: float
    source: str
    text: str


@dataclass(frozen=True)
class Slot:
    """A piece of time with calls in it; pieces without calls are left out, so a wrong clock costs one slot."""

    at: float
    count: int
    total_ms: float


@dataclass(frozen=True)
class Cell:
    """Calls in the slot from `at`, that took from `from_ms` to twice that: one cell of a heat map."""

    at: float
    from_ms: float
    count: int


@dataclass(frozen=True)
class Example:
    """One of the slowest calls: when, and on what (the key where keys were asked for)."""

    at: float
    milliseconds: float
    resource: str
    source: str


@dataclass(frozen=True)
class Hotspot:
    """
    All calls of one query on one resource (or namespace, or key) from one vantage.

    `share` is of the total time seen from that vantage, 0 to 1. Percentiles are within 0.4 %, in milliseconds.
    `first` and `last` are seconds since 1970 UTC. `worst` has the slowest first.
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
    timeline: tuple[Slot, ...]
    worst: tuple[Example, ...]


@dataclass(frozen=True)
class SignalCount:
    """How often one kind of signal was seen: in words, with the rule that explains it (empty: none) and one example."""

    kind: str
    words: str
    rule: str
    count: int
    first: float
    last: float
    example: str


@dataclass(frozen=True)
class Counts:
    """
    What was read. `hits` had a marker of a known line; each of them is understood (a call, a plan, a signal), `passing`
    (known, but nothing to rank: a parse, a call outside the wanted time) or `not_understood`.

    `sampled` lines at the start of each source were looked at whatever they said, `recognised` of them had a known
    form. `zoneless` lines had a time without a zone, `timeless` none at all, `jumps` is how often a clock went back by
    more than a minute, `too_long` lines were cut, `folded` hotspots were too light to be kept apart. `zones` are
    offsets from UTC in seconds. `notices` are sentences for the reader: files that could not be read, and the like.
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
class Reading:
    """Everything a set of logs told: hotspots by total time, heaviest first, per vantage."""

    hotspots: tuple[Hotspot, ...]
    signals: tuple[SignalCount, ...]
    plans: tuple[SeenPlan, ...]
    heat: tuple[Cell, ...]
    slot_seconds: int
    counts: Counts
