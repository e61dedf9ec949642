"""What `kinetune explain` does on a store: choose the calls, run them under EXPLAIN, measure their plans."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kinetune.commands.observer import SILENT, Observer
from kinetune.formatting import format_percent
from kinetune.model.failure import CouldNotLook, Failure, LimitMissed, UsageFailure

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.kine.releases import Era, EraInUse
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Facts
    from kinetune.model.workload import Call, ExplainRun, MeasuredCall, Recording
    from kinetune.plans.compare import RunComparison


@dataclass(frozen=True)
class ExplainOptions:
    """
    What to explain, and with how much effort.

    `query` is the name of one call or query (None: all). `arguments` replace those taken from the store: prefix, key,
    revision. `timeout` is in seconds and holds for each of the `runs`. `copy_rows` is the size of a copy for writes
    (0: no writes) or for `profiles`. `settings` are for a second run. `before` and `tolerance` are for a comparison.
    """

    era: EraInUse | None = None
    query: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    runs: int = 3
    timeout: float = 30.0
    copy_rows: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    before: ExplainRun | None = None
    tolerance: float = 0.25


def explain_store(endpoint: Endpoint, options: ExplainOptions, observer: Observer = SILENT) -> ExplainRun:
    """All calls of the era on this store, slowest first. CouldNotLook where there is no table or no object."""
    return next(_iterate_runs(endpoint, replace(options, settings={}), observer))


def compare_with_saved(before: ExplainRun, after: ExplainRun, tolerance: float) -> RunComparison:
    """A saved run and one of now; a call is worse if it grew by more than `tolerance`, a share."""
    from kinetune.plans.compare import RunComparison, compare_runs

    return RunComparison(before, after, compare_runs(before, after, tolerance), tolerance)


def compare_settings(endpoint: Endpoint, options: ExplainOptions, observer: Observer = SILENT) -> RunComparison:
    """The same calls with the same arguments, without and with the settings. UsageFailure, Refused."""
    plain, tried = _iterate_runs(endpoint, options, observer)
    return replace(compare_with_saved(plain, tried, options.tolerance), settings=options.settings)


def find_failure(run: ExplainRun) -> Failure | None:
    """CouldNotLook where no call of a run could be explained."""
    if not all(one.failed for one in run.calls):
        return None
    return CouldNotLook(f"no call could be explained: {run.calls[0].failed}", "the report has all reasons")


def find_regression(comparison: RunComparison) -> Failure | None:
    """LimitMissed where calls are slower than in the saved run. A setting that was tried may well make calls slower."""
    worse = [one.scenario for one in comparison.calls if one.trend == "worse"]
    # A run with a setting is an experiment: a slower call is a result, not a regression.
    if not worse or comparison.settings:
        return None
    return LimitMissed(f"slower than before by more than {format_percent(comparison.tolerance, 1)}: {', '.join(worse)}")


def _iterate_runs(endpoint: Endpoint, options: ExplainOptions, observer: Observer) -> Iterator[ExplainRun]:
    """A run without the settings; then, if there are any, one with them. They end with the session."""
    from kinetune.database.observe import observe_store
    from kinetune.database.pg_stat_statements import era_in_use
    from kinetune.database.session import open_session
    from kinetune.database.trial_settings import check_trial_settings
    from kinetune.plans.reads import rows_per_request

    with open_session(endpoint, "explain") as session:
        facts = observe_store(session)
        require_kine_table(facts)
        # Before the first run, which may take minutes.
        check_trial_settings(session, options.settings)
        kine = options.era or era_in_use(session)
        calls = select_calls(session, kine.era, options)
        _require_copy(session, calls)
        # Both runs in one session: the same arguments and the same warm cache.
        for settings in ({}, options.settings) if options.settings else ({},):
            for name, value in settings.items():
                session.set_parameter(name, value)
            recordings = _record_all(session, calls, replace(options, settings=settings), observer)
            page = rows_per_request({**facts.settings, **settings})
            store = describe_store(facts, kine)
            yield replace(store, settings=settings, page=page, calls=_slowest_first(recordings, page, store.rows))


def record_calls(
    session: Session, era: Era, options: ExplainOptions, observer: Observer = SILENT
) -> tuple[Recording, ...]:
    """EXPLAIN's documents of every selected call, with the number of listed objects in the words."""
    calls = select_calls(session, era, options)
    _require_copy(session, calls)
    return _record_all(session, calls, options, observer)


def _record_all(
    session: Session, calls: tuple[Call, ...], options: ExplainOptions, observer: Observer
) -> tuple[Recording, ...]:
    return name_object_counts(tuple(_iterate_recordings(session, calls, options, observer)))


def name_object_counts(recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """`{objects}` in the words of a call becomes the number that the whole list returned."""
    lists = (one for one in recordings if one.call.scenario == "list" and one.custom)
    objects = next((_format_objects(one) for one in lists), "")
    return tuple(
        replace(one, call=replace(one.call, words=one.call.words.replace("{objects} ", objects))) for one in recordings
    )


def _format_objects(listed: Recording) -> str:
    """`8,000 `; empty for one row: an empty list is a row too, which holds the revision."""
    from kinetune.plans.measure import measure_call

    rows = measure_call(listed).rows
    return f"{rows:,} " if rows and rows > 1 else ""


def _slowest_first(recordings: tuple[Recording, ...], page: int, rows: int | None) -> tuple[MeasuredCall, ...]:
    """Calls that failed come first: most of them reached the timeout."""
    from kinetune.plans.measure import measure_call

    calls = (measure_call(one, page, rows) for one in recordings)
    return tuple(sorted(calls, key=lambda one: (not one.failed, -(one.milliseconds or 0.0))))


def require_kine_table(facts: Facts) -> None:
    """Refused for a table that is not Kine's, CouldNotLook where there is none."""
    from kinetune.kine.table_shape import refuse_foreign_table

    refuse_foreign_table(facts)
    if facts.table is None:
        raise CouldNotLook(
            f"there is no table kine in database {facts.database}", "start Kine on it, or prepare it with kinetune init"
        )


def select_calls(session: Session, era: Era, options: ExplainOptions) -> tuple[Call, ...]:
    """The calls of the era that the options select, with arguments from the store."""
    from kinetune.database.explain import sample_store
    from kinetune.kine.queries import build_calls, load_catalogue

    known = tuple(build_calls(load_catalogue(era.name), sample_store(session), options.arguments))
    names = {call.scenario for call in known} | {call.query.name for call in known}
    if options.query and options.query not in names:
        raise UsageFailure(f"unknown call or query {options.query!r}", f"this era has {', '.join(sorted(names))}")
    selected = [call for call in known if options.query in (None, call.scenario, call.query.name)]
    if not options.copy_rows and all(call.writes for call in selected):
        raise UsageFailure(f"{options.query} is a write, and writes are skipped", "add --writes to use a copy")
    return tuple(call for call in selected if options.copy_rows or not call.writes)


def _require_copy(session: Session, calls: tuple[Call, ...]) -> None:
    """Before a minute of reads, not after it: CouldNotLook where the role cannot make the copy for writes."""
    from kinetune.database.copies import shadow_copy
    from kinetune.database.session import open_session

    if any(call.writes for call in calls):
        with open_session(session.endpoint, "explain", write=True) as writer, shadow_copy(writer, 1):
            pass


def _iterate_recordings(
    session: Session, calls: tuple[Call, ...], options: ExplainOptions, observer: Observer
) -> Iterator[Recording]:
    from kinetune.database.explain import MeasureOptions, measure_calls

    effort = MeasureOptions(options.runs, options.timeout)
    with observer.progress("explaining", len(calls)) as update:
        for finished, call in enumerate(calls):
            update(finished, call.words.replace("{objects} ", ""))
            # A copy for each write: what one write leaves behind must not change the plan of the next.
            with _open_writer(session, options) if call.writes else contextlib.nullcontext(session) as chosen:
                yield from measure_calls(chosen, [call], effort)


@contextlib.contextmanager
def _open_writer(session: Session, options: ExplainOptions) -> Iterator[Session]:
    """A second session on a copy that is rolled back, under the same settings."""
    from kinetune.database.copies import shadow_copy
    from kinetune.database.session import open_session

    with (
        open_session(session.endpoint, "explain", write=True, **options.settings) as writer,
        shadow_copy(writer, options.copy_rows),
    ):
        yield writer


def describe_store(facts: Facts, kine: EraInUse) -> ExplainRun:
    """The store, without calls yet, under the settings in force."""
    from kinetune.model.workload import ExplainRun
    from kinetune.plans.reads import rows_per_request
    from kinetune.tuning.profiles import recognise_profile

    table = facts.table
    assert table is not None, "require_kine_table checked it"
    indexes = [table.primary_key, *table.indexes]
    return ExplainRun(
        observed_at=datetime.now(UTC),
        server=facts.server,
        database=facts.database,
        era=kine.era.name,
        era_source=kine.source,
        rows=table.size,
        table_bytes=table.bytes,
        index_bytes=sum(index.bytes or 0 for index in indexes if index),
        profile=recognise_profile(facts, kine.era),
        calls=(),
        page=rows_per_request(facts.settings),
    )
