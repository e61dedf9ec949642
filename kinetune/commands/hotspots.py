"""What `kinetune hotspots` does: read logs, counters and sessions, and rank Kine's queries by the time they take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kinetune.commands.hotspots_conclusion import find_conclusion
from kinetune.commands.hotspots_options import HotspotsOptions
from kinetune.commands.observer import SILENT, Observer
from kinetune.formatting import format_list
from kinetune.kine.query_purposes import WRITES, explain_arguments, explain_scenario
from kinetune.model.counters import Activity, Counters, CounterSnapshot, CounterTotals
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.model.hotspot import LogReading
from kinetune.model.hotspots_result import ExceededLimit, HotspotsResult, Limit, SourceRanking, Spot
from kinetune.model.server import Server

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.logs.options import LogStream

T = TypeVar("T")
_FILTERS_IGNORED = "--from, --to and --min-duration apply to logs only: counters do not record single calls"


def find_hotspots(options: HotspotsOptions, observer: Observer = SILENT) -> HotspotsResult:
    """Reads each source once, counters twice with `interval`. CouldNotLook where no source could be read."""
    reader = SourceReader(options)
    before, due = options.since, time.monotonic()
    if options.interval:
        # Both readings are `interval` apart even if the logs take seconds to read.
        before = reader.read_counters()
        due = time.monotonic() + options.interval
    logs = reader.read_logs()
    if options.interval:
        with observer.progress(f"counting for {options.interval:g} s"):
            time.sleep(max(due - time.monotonic(), 0.0))
    return _explain_heaviest(options, reader.read_result(logs, before), observer)


class LiveHotspots:
    """
    The same result again and again, while logs grow and counters rise.

    Counters are compared with `since`, or with the moment this was created. Queries are not explained.
    """

    def __init__(self, options: HotspotsOptions) -> None:
        from kinetune.logs.collector import EventCollector

        self._options = options
        self._collector = EventCollector()
        self._before = options.since or SourceReader(options).read_counters()

    def results(self, pause: float) -> Iterator[HotspotsResult]:
        """Without end, one every `pause` seconds; the first within a second, because a longer wait is like a hang."""
        due = time.monotonic() + min(pause, 1.0)
        for _ in self._collect():
            if time.monotonic() >= due:
                yield self.current()
                due = time.monotonic() + pause

    def current(self) -> HotspotsResult:
        """What was read so far."""
        logs = self._collector.to_reading() if self._options.reads_logs else None
        return SourceReader(self._options).read_result(logs, self._before)

    def _collect(self) -> Iterator[None]:
        """Collects events. Yields when the logs are quiet and once in a thousand events, for a look at the clock."""
        from kinetune.logs.follow import follow_logs

        if not self._options.reads_logs:
            while True:
                time.sleep(0.2)
                yield
        events = follow_logs(self._options.sources, self._options.logs, self._collector.counts)
        for number, event in enumerate(events):
            if event is not None:
                self._collector.add_events((event,))
            if event is None or number % 1000 == 0:
                yield


@dataclass
class SourceReader:
    """Reads the sources. One that fails is recorded in `failures`, and the others are read."""

    options: HotspotsOptions
    failures: list[CouldNotLook] = field(default_factory=list)
    stream_notes: list[str] = field(default_factory=list)

    def read_result(self, logs: LogReading | None, before: CounterSnapshot | None) -> HotspotsResult:
        """The counters now less those of `before`, the sessions now, and the logs as they were read."""
        now, before = self.read_counters(), before or CounterSnapshot()
        _refuse_other_database(now.statements, before.statements)
        activity, server = (self.options.endpoint and self._try(self._read_sessions)) or (None, None)
        # Keys are hidden before anything is derived from the logs, so that no part of the result has one.
        result = HotspotsResult(
            logs=_redact_keys(logs) if logs and self.options.redact else logs,
            statements=self._subtract(now.statements, before.statements),
            metrics=self._subtract(now.metrics, before.metrics),
            activity=activity,
            server=f"{server}, {self.options.endpoint}" if server else "",
            flavour=server.flavour if server else None,
            snapshot=now,
        )
        # Last: each of the reads above may have added a failure.
        result = replace(result, failures=tuple(self.failures), notes=self._notes(result))
        if self.failures and result.is_empty:
            raise self.failures[0]
        result = replace(result, conclusion=find_conclusion(result, filters_calls=self.options.filters_calls))
        return replace(result, exceeded=find_exceeded(self.options.limits, result.rankings))

    def read_counters(self) -> CounterSnapshot:
        return CounterSnapshot(
            self._try(self._read_statements) if self.options.endpoint else None,
            self._read_metrics() if self.options.metrics else None,
        )

    def read_logs(self) -> LogReading | None:
        from kinetune.logs.read_logs import read_logs

        if not self.options.reads_logs:
            return None
        sources = replace(self.options.sources, streams=self._open_streams())
        return self._try(lambda: read_logs(sources, self.options.logs))

    def _open_streams(self) -> tuple[LogStream, ...]:
        if not (self.options.loki or self.options.kubectl):
            return ()
        from kinetune.commands.hotspots_streams import open_streams

        return open_streams(self.options, self.failures.append, self.stream_notes.append)

    def _try(self, read: Callable[[], T]) -> T | None:
        """None after a failure. A source that fails at both ends of an interval is reported once."""
        try:
            return read()
        except CouldNotLook as failure:
            if str(failure) not in map(str, self.failures):
                self.failures.append(failure)
            return None

    def _read_statements(self) -> Counters:
        from kinetune.database.pg_stat_statements import read_statement_counters

        with self._open_session() as session:
            return read_statement_counters(session)

    def _read_metrics(self) -> Counters | None:
        from kinetune.http.metrics import scrape_metrics
        from kinetune.kine.counter_costs import merge_counters

        # One Kine that does not answer must not hide the others.
        found = [self._try(partial(scrape_metrics, source)) for source in self.options.metrics]
        read = [counters for counters in found if counters]
        return merge_counters(read) if read else None

    def _read_sessions(self) -> tuple[Activity, Server]:
        from kinetune.database.activity import read_activity

        with self._open_session() as session:
            return read_activity(session), session.server

    def _subtract(self, now: Counters | None, before: Counters | None) -> CounterTotals | None:
        from kinetune.kine.counter_costs import compute_costs

        return self._try(lambda: compute_costs(now, before)) if now else None

    def _notes(self, result: HotspotsResult) -> tuple[str, ...]:
        counters = result.statements or result.metrics
        ignored = (_FILTERS_IGNORED,) if counters and self.options.filters_calls else ()
        return (*ignored, *self.stream_notes, *_note_unknown_logs(result))

    @contextmanager
    def _open_session(self) -> Iterator[Session]:
        from kinetune.database.session import open_session

        assert self.options.endpoint is not None
        with open_session(self.options.endpoint, "hotspots") as session:
            yield session


def _note_unknown_logs(result: HotspotsResult) -> Iterator[str]:
    """Logs of other programs beside those that were understood; without these the conclusion says it."""
    origin = result.logs.origin if result.logs else None
    if origin is None or not origin.writers or not origin.unknown_sources:
        return
    names = origin.unknown_sources[:3]
    more = len(origin.unknown_sources) - len(names)
    listed = format_list([*names, f"{more} more"] if more else names)
    yield f"no line is certainly of Kine, K3s, an API server or a database server in {listed}"


def _refuse_other_database(now: Counters | None, before: Counters | None) -> None:
    """Else all that the other database ever counted would be reported as an increase."""
    if now and before and before.database and before.database != now.database:
        raise UsageFailure(
            f"--since has the counters of database {before.database}, the endpoint is database {now.database}",
            "use the endpoint that the snapshot was saved from, or save a new one with --save",
        )


def _redact_keys(reading: LogReading) -> LogReading:
    """Keys are cut to their resource and a mark; file names and statements stay."""
    from kinetune.kine.redaction import redact_key, redact_text

    spots = tuple(
        replace(
            spot,
            resource=redact_key(spot.resource),
            worst=tuple(replace(call, resource=redact_key(call.resource)) for call in spot.worst),
        )
        for spot in reading.hotspots
    )
    plans = tuple(
        plan._replace(resource=redact_key(plan.resource), text=redact_text(plan.text)) for plan in reading.plans
    )
    return replace(reading, hotspots=spots, plans=plans)


def find_exceeded(limits: Iterable[Limit], rankings: Iterable[SourceRanking]) -> tuple[ExceededLimit, ...]:
    """
    Every hotspot beyond a limit.

    CouldNotLook where no source has the measure for any hotspot that the limit applies to: then nothing was checked.
    A query without calls keeps every limit.
    """
    ranked = [(ranking, spot) for ranking in rankings for spot in ranking.spots]
    return tuple(exceeded for limit in limits for exceeded in _check_limit(limit, ranked))


def _check_limit(limit: Limit, ranked: list[tuple[SourceRanking, Spot]]) -> Iterator[ExceededLimit]:
    matching = [(ranking, spot) for ranking, spot in ranked if limit.query in ("", spot.query)]
    measured = [(ranking, spot, _measure(spot, limit.measure)) for ranking, spot in matching]
    if matching and all(value is None for _, _, value in measured):
        # Not "kept": a pipeline would be green although nothing was measured.
        raise CouldNotLook(
            f"--fail-over {limit.text}: no source has {limit.measure}, the server's counters have mean and total only",
            "limit the mean, or add a log or --metrics",
        )
    for ranking, spot, value in measured:
        if value is not None and value > limit.value:
            yield ExceededLimit(limit, ranking.vantage, spot, value)


def _measure(spot: Spot, name: str) -> float | None:
    """In ms, calls, or a share of 0 to 1; None where the source does not have it."""
    value = getattr(spot, "total_ms" if name == "total" else name)
    return None if value is None else float(value)


def _explain_heaviest(options: HotspotsOptions, result: HotspotsResult, observer: Observer) -> HotspotsResult:
    """The heaviest reads, each with its own prefix or key, as one run of `kinetune explain`; notes for the others."""
    if not options.explain or options.endpoint is None:
        return result
    from kinetune.commands.explain import ExplainOptions, explain_store

    runs, notes = [], list(result.notes)
    for spot in _choose_calls(result, options.explain):
        call = explain_scenario(spot)
        # A write needs a copy of the table, which this command must not create unasked.
        if spot.query in WRITES:
            notes.append(f"{spot.query} writes: run kinetune explain --writes --query {call}, which uses a copy")
            continue
        try:
            explain = ExplainOptions(query=call, arguments=explain_arguments(spot))
            runs.append(explain_store(options.endpoint, explain, observer))
        except (CouldNotLook, UsageFailure) as failure:
            notes.append(f"cannot explain {spot.query}: {failure}")
    explained = replace(runs[0], calls=tuple(call for run in runs for call in run.calls)) if runs else None
    return replace(result, explained=explained, notes=tuple(notes))


def _choose_calls(result: HotspotsResult, number: int) -> list[Spot]:
    """The heaviest that explain knows, each call with its arguments once; those with a resource first."""
    spots = [spot for ranking in result.rankings for spot in ranking.spots if explain_scenario(spot)]
    # With a resource, explain reads the same rows as the slow call; without one it chooses a prefix itself.
    spots.sort(key=lambda spot: (not spot.resource, -spot.total_ms))
    distinct: dict[tuple[object, ...], Spot] = {}
    for spot in spots:
        distinct.setdefault((explain_scenario(spot), *explain_arguments(spot).items()), spot)
    return list(distinct.values())[:number]
