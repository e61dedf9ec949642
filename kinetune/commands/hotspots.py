"""What `kinetune hotspots` does before it speaks: read logs, counters and sessions, each where it was named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kinetune.model.counters import Activity, Costs, Counters, Snapshot
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.model.hotspot import Reading
from kinetune.model.server import Flavour

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.logs.options import LogOptions, Sources
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.workload import Explained

T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """Where to look. `interval` is in seconds: 0 reads counters once. `since` is an earlier reading."""

    sources: Sources
    options: LogOptions
    endpoint: Endpoint | None = None
    metrics: tuple[str, ...] = ()
    interval: float = 0.0
    since: Snapshot | None = None
    explain: int = 0


@dataclass(frozen=True)
class Seen:
    """What was seen; None where nobody asked or it could not be looked at: `failures` say why not."""

    reading: Reading | None = None
    statements: Costs | None = None
    metrics: Costs | None = None
    activity: Activity | None = None
    server: str = ""
    flavour: Flavour | None = None
    explained: Explained | None = None
    snapshot: Snapshot = field(default_factory=Snapshot)
    failures: tuple[CouldNotLook, ...] = ()


@dataclass
class Look:
    """One run. A source that fails is noted, and the others are read."""

    wanted: Wanted
    failures: list[CouldNotLook] = field(default_factory=list)

    def run(self) -> Seen:
        """CouldNotLook where nothing at all could be seen."""
        first = self.counters() if self.wanted.interval else None
        due = time.monotonic() + self.wanted.interval
        reading = self.tried(self.logs) if self.wanted.sources.paths or self.wanted.sources.journal else None
        if first:
            time.sleep(max(due - time.monotonic(), 0.0))
        return self.seen(reading, first or self.wanted.since)

    def seen(self, reading: Reading | None, before: Snapshot | None) -> Seen:
        """With counters as they are now, less those of `before`."""
        now = self.counters()
        _refuse_another(now.statements, before.statements if before else None)
        found = Seen(reading, snapshot=now)
        if self.wanted.endpoint:
            found = self.tried(lambda: self._sessions(found)) or found
        found = replace(
            found,
            statements=self._costs(now.statements, before.statements if before else None),
            metrics=self._costs(now.metrics, before.metrics if before else None),
            failures=tuple(self.failures),
        )
        if self.failures and not (found.reading or found.statements or found.metrics or found.activity):
            raise self.failures[0]
        return found

    def counters(self) -> Snapshot:
        statements = self.tried(self._statements) if self.wanted.endpoint else None
        metrics = self.tried(self._metrics) if self.wanted.metrics else None
        return Snapshot(statements, metrics)

    def tried(self, look: Callable[[], T]) -> T | None:
        """The same failure at both ends of an interval is one."""
        try:
            return look()
        except CouldNotLook as failure:
            if str(failure) not in map(str, self.failures):
                self.failures.append(failure)
            return None

    def logs(self) -> Reading:
        from kinetune.logs.read import read

        return read(self.wanted.sources, self.wanted.options)

    def _costs(self, now: Counters | None, before: Counters | None) -> Costs | None:
        from kinetune.kine.costs import costs

        return self.tried(lambda: costs(now, before)) if now else None

    def _statements(self) -> Counters:
        from kinetune.database.statements import statements

        with self._visit() as session:
            return statements(session)

    def _metrics(self) -> Counters:
        from kinetune.http.metrics import scrape
        from kinetune.kine.costs import together

        found = [one for place in self.wanted.metrics if (one := self.tried(partial(scrape, place)))]
        if not found:
            raise self.failures[-1]
        return together(found)

    def _sessions(self, found: Seen) -> Seen:
        from kinetune.database.activity import activity

        with self._visit() as session:
            server, flavour = f"{session.server}, {session.endpoint}", session.server.flavour
            return replace(found, activity=activity(session), server=server, flavour=flavour)

    @contextmanager
    def _visit(self) -> Iterator[Session]:
        from kinetune.database.session import visit

        assert self.wanted.endpoint is not None
        with visit(self.wanted.endpoint, "hotspots") as session:
            yield session


def _refuse_another(now: Counters | None, before: Counters | None) -> None:
    """All that another database ever counted would look like growth."""
    if now and before and before.database and before.database != now.database:
        raise UsageFailure(
            f"the counters of --since are of database {before.database}, these of {now.database}",
            "name the endpoint they were kept of, or keep some of this one with --save",
        )
