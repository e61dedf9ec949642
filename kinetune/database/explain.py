"""
Run Kine's queries under EXPLAIN ANALYZE, with arguments from the store.

EXPLAIN ANALYZE executes the statement. Reads run in READ ONLY transactions; writes run on a shadow copy (copies.py)
in a transaction that is always rolled back.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import psycopg
from psycopg import sql

from kinetune.database.session import Session, failure_from
from kinetune.kine.keyspace import resource_prefix
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour
from kinetune.model.workload import Call, Recording, SampleArguments

ENOUGH_SECONDS = 5.0
"""A call that took this long is not repeated: one more run would not change the conclusion."""
RUNS_BEFORE_GENERIC = 6
"""PostgreSQL plans the first five EXECUTEs for their arguments; from the sixth on it may use the generic plan."""


@dataclass(frozen=True)
class MeasureOptions:
    """
    `runs` are measured after one run that warms the caches. `timeout` is the limit of each statement in seconds.
    `generic` also measures the generic plan.
    """

    runs: int = 3
    timeout: float = 30.0
    generic: bool = True


def measure_calls(session: Session, calls: Iterable[Call], effort: MeasureOptions) -> Iterator[Recording]:
    """One recording per call, also for a call that fails. Raises CouldNotLook for a lost connection."""
    # Kine also works with a table that was partitioned by hand. Its plans name the partitions.
    parts = {row["name"] for row in session.query_file("partitions")}
    for call in calls:
        yield _name_partitions(_record_safely(session, call, partial(_record_runs, session, call, effort)), parts)


def _name_partitions(recording: Recording, parts: set[str]) -> Recording:
    """The same recording with `kine` in place of its partitions: symptoms are recognised by the table's name."""
    if not parts:
        return recording
    custom, generic = (
        tuple(_rename_relations(document, parts) for document in runs) for runs in (recording.custom, recording.generic)
    )
    return replace(recording, custom=custom, generic=generic)


def _rename_relations(value: object, parts: set[str]) -> object:
    if isinstance(value, list):
        return [_rename_relations(one, parts) for one in value]
    if isinstance(value, dict):
        ours = value.get("Relation Name") in parts
        return {
            name: "kine" if ours and name == "Relation Name" else _rename_relations(of, parts)
            for name, of in value.items()
        }
    return value


def plan_calls(session: Session, calls: Iterable[Call]) -> Iterator[Recording]:
    """
    Plans without runs, in READ ONLY transactions. EXPLAIN without ANALYZE executes nothing, so writes can be planned
    too: no id of Kine's sequence is used.
    """
    for call in calls:
        yield _record_safely(session, call, partial(_record_plan, session, call))


def _record_safely(session: Session, call: Call, record: Callable[[], Recording]) -> Recording:
    """A recording, with retries after a catalog change; a call that fails gives a recording with its error."""
    try:
        return session.retry(record)
    except psycopg.Error as error:
        # All further calls would fail in the same way.
        if session.connection.closed:
            raise failure_from(error) from error
        return Recording(call, failed=str(failure_from(error, session.connection.info.user)))


def _record_plan(session: Session, call: Call) -> Recording:
    with session.connection.transaction():
        session.connection.execute("SET TRANSACTION READ ONLY")
        _prepare_call(session, call)
        return Recording(call, custom=(_run_explain(session, call, "FORMAT JSON"),))


def _record_runs(session: Session, call: Call, effort: MeasureOptions) -> Recording:
    limit = sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(f"{int(effort.timeout * 1000)}ms"))
    try:
        with session.connection.transaction():
            # The session may write, because the shadow needs that. So each read is restricted here.
            if not call.writes:
                session.connection.execute("SET TRANSACTION READ ONLY")
            session.connection.execute(limit)
            _prepare_call(session, call)
            return _measure_plans(session, call, effort)
    except psycopg.errors.QueryCanceled:
        return Recording(call, failed=f"stopped after {effort.timeout:g} s (raise it with --timeout)")


def _prepare_call(session: Session, call: Call) -> None:
    """PREPARE the call. A rollback keeps prepared statements, so that of the previous call is deallocated first."""
    if session.connection.execute("SELECT 1 FROM pg_prepared_statements WHERE name = 'kinetune_call'").fetchone():
        session.connection.execute("DEALLOCATE kinetune_call")
    types = ", ".join(parameter.type for parameter in call.query.parameters)
    session.connection.execute(f"PREPARE kinetune_call {f'({types})' if types else ''} AS {call.text}".encode())


def _measure_plans(session: Session, call: Call, effort: MeasureOptions) -> Recording:
    """
    Runs with the custom plan and with the generic plan. Kine prepares its statements, so the server may use either.

    Without plan_cache_mode (PostgreSQL 11 and older) only the plan that the server chooses can be measured.
    """
    if not session.server.can("plan_cache_mode"):
        return Recording(call, custom=tuple(_measure_runs(session, call, effort)))
    _set_plan_mode(session, "force_custom_plan")
    custom = tuple(_measure_runs(session, call, effort))
    # Without arguments both plans are the same.
    if not (effort.generic and call.arguments):
        return Recording(call, custom)
    _set_plan_mode(session, "auto")
    chosen = _prefers_generic(session, call)
    _set_plan_mode(session, "force_generic_plan")
    return Recording(call, custom, tuple(_measure_runs(session, call, effort)), chosen)


def _set_plan_mode(session: Session, mode: str) -> None:
    session.connection.execute(sql.SQL("SET LOCAL plan_cache_mode = {}").format(sql.Literal(mode)))


def _measure_runs(session: Session, call: Call, effort: MeasureOptions) -> Iterator[object]:
    """The first run warms the caches and is not counted, unless it took too long to be repeated."""
    started = time.monotonic()
    first = _run_explain(session, call, _explain_options(session, call))
    if time.monotonic() - started > ENOUGH_SECONDS:
        yield first
        return
    for _ in range(effort.runs):
        yield _run_explain(session, call, _explain_options(session, call))
        if time.monotonic() - started > ENOUGH_SECONDS:
            return


def _run_explain(session: Session, call: Call, options: str) -> object:
    """The plan as JSON. Each write has a savepoint that is rolled back, so all runs start from the same rows."""
    statement = sql.SQL("EXPLAIN ({}) EXECUTE kinetune_call {}").format(sql.SQL(options), _call_arguments(call))
    with session.connection.transaction(force_rollback=call.writes):
        row = session.connection.execute(statement).fetchone()
    assert row is not None
    return row["QUERY PLAN"]


def _explain_options(session: Session, call: Call) -> str:
    options = ["ANALYZE", "BUFFERS" if session.server.flavour is Flavour.POSTGRESQL else "DIST"]
    if not session.server.can("explain_dist") and "DIST" in options:
        options.remove("DIST")
    if call.writes and session.server.can("explain_wal"):
        options.append("WAL")
    return ", ".join([*options, "FORMAT JSON"])


def _prefers_generic(session: Session, call: Call) -> bool:
    """Whether the server chooses the generic plan by itself: the plan then shows `$1` in place of the value."""
    for _ in range(RUNS_BEFORE_GENERIC):
        plan = _run_explain(session, call, "FORMAT JSON")
    return "$1" in str(plan)


def _call_arguments(call: Call) -> sql.Composable:
    if not call.arguments:
        return sql.SQL("")
    return sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, call.arguments)))


OLD_REVISIONS = 10_000
EMPTY_PREFIX = "/registry/kinetune-has-none/"


def sample_store(session: Session) -> SampleArguments:
    """
    Arguments for Kine's queries, without scanning the store: the largest resource by sampled rows, its middle key, the
    key that is written most often, and revisions at both ends. Keys and revisions only, never values.

    Raises CouldNotLook for a store without objects.
    """
    newest = session.query_file("last_id")[0]["max_id"]
    # A small store may have no row in the sampled blocks; the busiest keys then have to do.
    keys = [row["name"] for row in session.query_file("sample_keys")]
    busy = [row["name"] for row in session.query_file("busy_key")]
    if newest is None or not (keys or busy):
        raise CouldNotLook(
            "the table kine contains no objects, so there is nothing to explain",
            "start Kine or K3s on it first, or run kinetune demo",
        )
    prefix = _largest_resource(keys or busy)
    inside = sorted(key for key in keys or busy if key.startswith(prefix))
    compacted = session.query_file("compacted")[0]["revision"]
    return SampleArguments(
        prefix=prefix,
        empty_prefix=EMPTY_PREFIX,
        key=busy[0] if busy else inside[-1],
        middle_key=inside[len(inside) // 2],
        newest_revision=newest,
        # For a revision below the compacted one, Kine answers with an error instead of a query.
        old_revision=max(compacted, newest - OLD_REVISIONS, 0),
        compact_revision=compacted,
    )


def _largest_resource(keys: list[str]) -> str:
    (prefix, _), *_ = Counter(map(resource_prefix, keys)).most_common(1)
    return prefix
