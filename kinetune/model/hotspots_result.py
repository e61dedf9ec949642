"""What `kinetune hotspots` found: a ranking for each source, and what else the same sources say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kinetune.model.counters import Activity, CounterSnapshot, CounterTotals, QueryCost
from kinetune.model.failure import CouldNotLook
from kinetune.model.hotspot import Hotspot, LogReading, Vantage
from kinetune.model.server import Flavour

if TYPE_CHECKING:
    from kinetune.model.workload import ExplainRun

Spot = Hotspot | QueryCost
"""One line of a ranking: from a log, or from counters."""


@dataclass(frozen=True)
class SourceRanking:
    """
    The hotspots of one source, heaviest first. `seconds` is the time in which counters counted them: None for a log,
    and where the server does not say when it began to count.
    """

    vantage: Vantage
    spots: tuple[Spot, ...]
    seconds: float | None = None


@dataclass(frozen=True)
class Limit:
    """
    One value of --fail-over. `value` is in ms, calls, or a share of 0 to 1; an empty `query` means every query. `text`
    is the limit as the user wrote it.
    """

    query: str
    measure: str
    value: float
    text: str


@dataclass(frozen=True)
class ExceededLimit:
    """A hotspot that is beyond a limit, and its value of that measure."""

    limit: Limit
    vantage: Vantage
    spot: Spot
    value: float


@dataclass(frozen=True)
class Conclusion:
    """
    What the sources say as a whole, if it is not a ranking: a sentence without a full stop, and what to do next.

    `is_known` is false if the sources do not show whether Kine is slow; `is_good` is true if they show that it is not.
    `is_start_failure`: a Kine or K3s that did not start, of which the report has a section of its own.
    """

    statement: str
    next_step: str = ""
    is_known: bool = True
    is_good: bool = False
    is_start_failure: bool = False


@dataclass(frozen=True)
class HotspotsResult:
    """
    A part is None if it was not requested, or if it could not be read: then `failures` has the reason.

    `server` is empty without a session. `explained` is the run of --explain. `notes` are sentences about the options.
    `conclusion` is None if the rankings say everything.
    """

    logs: LogReading | None = None
    statements: CounterTotals | None = None
    metrics: CounterTotals | None = None
    activity: Activity | None = None
    server: str = ""
    flavour: Flavour | None = None
    explained: ExplainRun | None = None
    snapshot: CounterSnapshot = field(default_factory=CounterSnapshot)
    exceeded: tuple[ExceededLimit, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[CouldNotLook, ...] = ()
    conclusion: Conclusion | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no source could be read. A source without calls was read."""
        return not (self.logs or self.statements or self.metrics or self.activity)

    @property
    def rankings(self) -> tuple[SourceRanking, ...]:
        """In the order of the report. A log without calls has none; counters without calls have an empty one."""
        return (*self._log_rankings(), *self._counter_rankings())

    def _log_rankings(self) -> Iterator[SourceRanking]:
        for vantage in (Vantage.KINE_LOG, Vantage.SERVER_LOG, Vantage.API_SERVER) if self.logs else ():
            assert self.logs is not None
            if spots := tuple(spot for spot in self.logs.hotspots if spot.vantage is vantage):
                yield SourceRanking(vantage, spots)

    def _counter_rankings(self) -> Iterator[SourceRanking]:
        for vantage, totals in ((Vantage.METRICS, self.metrics), (Vantage.STATEMENTS, self.statements)):
            if totals:
                yield SourceRanking(vantage, totals.costs, totals.seconds)
