"""Runs Kine's queries under EXPLAIN ANALYZE: reads in READ ONLY transactions, writes on a shadow that never commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import psycopg
from psycopg import sql

from kinetune.database.errors import failure_of
from kinetune.database.session import Session
from kinetune.model.server import Flavour
from kinetune.model.workload import Call, Recording

ENOUGH_SECONDS = 5.0
"""A call that has taken so long is not repeated: one more run would say the same."""
BEFORE_GENERIC = 6
"""PostgreSQL plans an EXECUTE five times with its arguments before it may settle for one plan for all of them."""


@dataclass(frozen=True)
class Effort:
    """`runs` are measured after one warm-up; `timeout` (seconds) holds for each of them."""

    runs: int = 3
    timeout: float = 30.0
    generic: bool = True


def explain(session: Session, calls: Iterable[Call], effort: Effort) -> Iterator[Recording]:
    """One recording a call. A call that fails is a recording too; a lost connection raises CouldNotLook."""
    parts = {row["name"] for row in session.ask("partitions")}
    for call in calls:
        yield _of_kine(_guarded(session, call, partial(_recorded, session, call, effort)), parts)


def _of_kine(seen: Recording, parts: set[str]) -> Recording:
    """A scan of a partition is one of kine: plans name the partition."""
    if not parts:
        return seen
    custom, generic = (tuple(_renamed(document, parts) for document in runs) for runs in (seen.custom, seen.generic))
    return replace(seen, custom=custom, generic=generic)


def _renamed(value: object, parts: set[str]) -> object:
    if isinstance(value, list):
        return [_renamed(one, parts) for one in value]
    if isinstance(value, dict):
        ours = value.get("Relation Name") in parts
        return {name: "kine" if ours and name == "Relation Name" else _renamed(of, parts) for name, of in value.items()}
    return value


def planned(session: Session, calls: Iterable[Call]) -> Iterator[Recording]:
    """Plans alone, of writes too, in READ ONLY transactions: EXPLAIN without ANALYZE executes nothing, draws no id."""
    for call in calls:
        yield _guarded(session, call, partial(_plan, session, call))


def _guarded(session: Session, call: Call, record: Callable[[], Recording]) -> Recording:
    """Again where a catalog changed meanwhile; a call that fails is a recording too."""
    try:
        return session.repeated(record)
    except psycopg.Error as error:
        if session.connection.closed:
            raise failure_of(error) from error
        return Recording(call, failed=str(failure_of(error, session.connection.info.user)))


def _plan(session: Session, call: Call) -> Recording:
    with session.connection.transaction():
        session.connection.execute("SET TRANSACTION READ ONLY")
        _prepare(session, call)
        return Recording(call, custom=(_explained(session, call, "FORMAT JSON"),))


def _recorded(session: Session, call: Call, effort: Effort) -> Recording:
    limit = sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(f"{int(effort.timeout * 1000)}ms"))
    try:
        with session.connection.transaction():
            if not call.writes:
                session.connection.execute("SET TRANSACTION READ ONLY")
            session.connection.execute(limit)
            _prepare(session, call)
            return _both(session, call, effort)
    except psycopg.errors.QueryCanceled:
        return Recording(call, failed=f"stopped after {effort.timeout:g} s (raise it with --timeout)")


def _prepare(session: Session, call: Call) -> None:
    """The statement of the call before goes first: no rollback takes it away, and a failed transaction cannot."""
    if session.connection.execute("SELECT 1 FROM pg_prepared_statements WHERE name = 'kinetune_call'").fetchone():
        session.connection.execute("DEALLOCATE kinetune_call")
    types = ", ".join(parameter.type for parameter in call.query.parameters)
    session.connection.execute(f"PREPARE kinetune_call {f'({types})' if types else ''} AS {call.text}".encode())


def _both(session: Session, call: Call, effort: Effort) -> Recording:
    """The plan made for the arguments, and the one made for any; without plan_cache_mode only what the server takes."""
    if not session.server.can("plan_cache_mode"):
        return Recording(call, custom=tuple(_runs(session, call, effort)))
    _mode(session, "force_custom_plan")
    custom = tuple(_runs(session, call, effort))
    if not (effort.generic and call.arguments):
        return Recording(call, custom)
    _mode(session, "auto")
    chosen = _prefers_generic(session, call)
    _mode(session, "force_generic_plan")
    return Recording(call, custom, tuple(_runs(session, call, effort)), chosen)


def _mode(session: Session, mode: str) -> None:
    session.connection.execute(sql.SQL("SET LOCAL plan_cache_mode = {}").format(sql.Literal(mode)))


def _runs(session: Session, call: Call, effort: Effort) -> Iterator[object]:
    """The first run warms caches and catalogs and is not kept, unless it took too long to be repeated."""
    started = time.monotonic()
    first = _explained(session, call, _options(session, call))
    if time.monotonic() - started > ENOUGH_SECONDS:
        yield first
        return
    for _ in range(effort.runs):
        yield _explained(session, call, _options(session, call))
        if time.monotonic() - started > ENOUGH_SECONDS:
            return


def _explained(session: Session, call: Call, options: str) -> object:
    """A write leaves nothing behind for the next run: each has a savepoint of its own."""
    statement = sql.SQL("EXPLAIN ({}) EXECUTE kinetune_call {}").format(sql.SQL(options), _arguments(call))
    with session.connection.transaction(force_rollback=call.writes):
        row = session.connection.execute(statement).fetchone()
    assert row is not None
    return row["QUERY PLAN"]


def _options(session: Session, call: Call) -> str:
    options = ["ANALYZE", "BUFFERS" if session.server.flavour is Flavour.POSTGRESQL else "DIST"]
    if not session.server.can("explain_dist") and "DIST" in options:
        options.remove("DIST")
    if call.writes and session.server.can("explain_wal"):
        options.append("WAL")
    return ", ".join([*options, "FORMAT JSON"])


def _prefers_generic(session: Session, call: Call) -> bool:
    """Whether the server itself settles for the generic plan: a parameter is then seen where its value would stand."""
    for _ in range(BEFORE_GENERIC):
        plan = _explained(session, call, "FORMAT JSON")
    return "$1" in str(plan)


def _arguments(call: Call) -> sql.Composable:
    if not call.arguments:
        return sql.SQL("")
    return sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, call.arguments)))
