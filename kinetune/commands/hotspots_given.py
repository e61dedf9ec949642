"""The command line of `kinetune hotspots` as values; UsageFailure for what does not go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.commands.hotspots import Wanted
from kinetune.commands.hotspots_limits import duration, moment, zone_of
from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.logs.options import By, LogOptions, Sources
    from kinetune.model.counters import Snapshot
    from kinetune.model.endpoint import Endpoint


@dataclass(frozen=True)
class Calls:
    """Which calls of logs, and how they are put together; as they were typed."""

    by: str
    at_least: str | None
    since: str | None
    until: str | None
    zone: str
    jobs: int

    def options(self) -> LogOptions:
        import math

        from kinetune.logs.options import LogOptions

        zone = zone_of(self.zone)
        since = moment(self.since, "--from", zone) if self.since else -math.inf
        until = moment(self.until, "--to", zone) if self.until else math.inf
        if since > until:
            raise UsageFailure(f"--from {self.since} is after --to {self.until}", "exchange them")
        least = duration(self.at_least, "--min-duration") if self.at_least else 0.0
        return LogOptions(self._by(), since, until, least, zone, self.jobs)

    def _by(self) -> By:
        from kinetune.logs.options import By

        try:
            return By(self.by)
        except ValueError:
            raise UsageFailure(f"--by {self.by} is not known", f"choose {', '.join(By)}") from None


@dataclass(frozen=True)
class Counting:
    """
    Where counters are, and between which times they are wanted; as it was typed.

    `k3s_config` comes with whether it was typed: out of a configuration it only tells where the store is.
    """

    endpoint: str | None
    k3s_config: tuple[Path | None, bool]
    metrics: tuple[str, ...]
    interval: str | None
    since: Path | None
    save: Path | None
    explain: int


def wanted(sources: Sources, calls: Calls, counting: Counting) -> Wanted:
    """The store is asked where it is named, or where nothing else is."""
    options = calls.options()
    interval = duration(counting.interval, "--interval") / 1000.0 if counting.interval else 0.0
    if counting.interval and not interval:
        raise UsageFailure("--interval is 0", "give the time between two readings, such as 10s")
    logs = bool(sources.paths or sources.journal)
    endpoint = _endpoint(counting, alone=not logs and not counting.metrics)
    _refuse_contradictions(counting, counters=bool(endpoint or counting.metrics), store=bool(endpoint))
    since = _kept(counting.since) if counting.since else None
    return Wanted(sources, options, endpoint, counting.metrics, interval, since, counting.explain)


def _kept(path: Path) -> Snapshot:
    from kinetune.commands.hotspots_snapshot import load

    return load(path)


def _endpoint(counting: Counting, *, alone: bool) -> Endpoint | None:
    from kinetune.cli.options import endpoint_of

    config, typed = counting.k3s_config
    if counting.endpoint is not None or typed:
        return endpoint_of(counting.endpoint, config)
    if not alone:
        return None
    try:
        return endpoint_of(None, config)
    except UsageFailure as failure:
        if failure.cause != "no endpoint is named":
            raise
        raise UsageFailure(
            "nothing to read is named", f"name a log, --journal, --metrics or --endpoint: {failure.next_step}"
        ) from None


def _refuse_contradictions(counting: Counting, *, counters: bool, store: bool) -> None:
    if (counting.interval or counting.since or counting.save) and not counters:
        raise UsageFailure("--interval, --since and --save are for counters", "add --endpoint or --metrics")
    if counting.interval and counting.since:
        raise UsageFailure("--interval and --since both say since when", "give one of them")
    if counting.explain and not store:
        raise UsageFailure("--explain needs a store", "add --endpoint")
    fixed = [place for place in counting.metrics if not place.startswith(("http://", "https://"))]
    if counting.interval and fixed and not store and len(fixed) == len(counting.metrics):
        raise UsageFailure(
            f"{fixed[0]} does not change by itself", "give an address, or two files with --save and --since"
        )
