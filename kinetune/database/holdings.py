"""A store that is to be dropped: what it holds, which sessions use it, and whether it is still written to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from psycopg.errors import QueryCanceled

from kinetune.database.activity import statement_name
from kinetune.database.nodes import NodeSessions
from kinetune.database.observe import open_store, read_last_id
from kinetune.database.session import READ_SETTINGS, Session
from kinetune.kine.schema import TABLE
from kinetune.kine.table_shape import TABLES
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import OWN_SESSIONS, Facts
from kinetune.model.failure import CouldNotLook
from kinetune.model.holdings import Holdings, Leftover, RowCount, StoreUser, WriteWatch
from kinetune.model.unknown import Unknown

COUNT_SECONDS = 5
"""Time limit for counting rows. Above it the number is estimated."""
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class WriteIndicators:
    """
    Numbers that change with writes: MAX(id), the sequence, and the statistics counters of rows written.

    All three are needed: a failed write only takes an id, and compaction only deletes rows.
    """

    max_id: int | None
    last_id: int | None
    changes: int

    def describe_change(self, later: WriteIndicators) -> str:
        """What changed, in words; empty if nothing did."""
        if later.max_id != self.max_id:
            return f"the newest revision changed from {self.max_id or 0:,} to {later.max_id or 0:,}"
        if later.last_id != self.last_id:
            return f"the sequence changed from {self.last_id or 0:,} to {later.last_id or 0:,}"
        if later.changes > self.changes:
            return f"{later.changes - self.changes:,} rows were changed or deleted"
        return ""


def observe_holdings(endpoint: Endpoint, command: str, seconds: float, report: Callable[[str], None]) -> Holdings:
    """The holdings of a store, which is observed for `seconds`, in a read-only session. Raises CouldNotLook."""
    with open_store(endpoint, command) as (session, facts):
        if not facts.database:  # libpq's own default, or a service's
            facts = replace(facts, database=session.connection.info.dbname)
        if not facts.database_exists:
            return Holdings(facts)
        holdings = list_holdings(session, facts)
        # A view or a foreign table kine may be slow or fail to read; it will be refused anyway.
        if facts.table is None or facts.table.kind not in TABLES or facts.table.column("id") is None:
            return holdings
        return _count_contents(session, holdings, seconds, report)


def list_holdings(session: Session, facts: Facts) -> Holdings:
    """The holdings without counts and without observing writes: enough to plan the removal."""
    users, notices = _find_users(session)
    return Holdings(
        facts,
        users=users,
        notices=notices,
        leftovers=tuple(Leftover(**row) for row in session.query_file("leftovers")),
        dependants=tuple(row["name"] for row in session.query_file("dependants")) if facts.table else (),
        others=tuple(row["name"] for row in session.query_file("other_relations")),
    )


def _count_contents(session: Session, holdings: Holdings, seconds: float, report: Callable[[str], None]) -> Holdings:
    """Counts rows while the store is observed for writes: the time is needed for that anyway."""
    # The first reading comes before the counts, so that the time they take counts as observation.
    started, first = time.monotonic(), read_indicators(session)
    report("count rows and live keys")
    table = holdings.facts.table
    assert table is not None
    about = RowCount(table.size, exact=False) if table.size else Unknown("never analysed, and too many to count")
    rows = _count_exactly(session, "row_count", "rows") or about
    live = _count_exactly(session, "live_keys", "keys") or _estimate_live_keys(session)
    (size,) = session.query("SELECT pg_total_relation_size(to_regclass(%s)) AS bytes", TABLE)
    report(f"observe writes ({seconds:g} s)")
    wrote = watch_for_writes(session, first, started + seconds)
    watched = _describe_watch(session, time.monotonic() - started, wrote)
    users, notices = _find_users(session)
    return replace(holdings, rows=rows, live=live, bytes=size["bytes"], watched=watched, users=users, notices=notices)


def read_indicators(session: Session) -> WriteIndicators:
    """The present values. There must be a table kine."""
    (row,) = session.query_file("write_indicators")
    return WriteIndicators(row["max_id"], read_last_id(session), row["changes"])


def watch_for_writes(session: Session, first: WriteIndicators, until: float) -> str:
    """
    What changed since `first`, in words. Compares at least once, however short the time is. The pause is ten times as
    long as the last reading took, because MAX(id) is a scan of the whole table if ids are hash-sharded.
    """
    pause = POLL_SECONDS
    while True:
        time.sleep(min(pause, max(until - time.monotonic(), 0)))
        began = time.monotonic()
        if (moved := first.describe_change(read_indicators(session))) or time.monotonic() >= until:
            return moved
        pause = max(POLL_SECONDS, 10 * (time.monotonic() - began))


def _describe_watch(session: Session, seconds: float, wrote: str) -> WriteWatch:
    rows = session.query_file("newest_commit")
    if not rows:
        return WriteWatch(seconds, wrote, Unknown("the table is empty"))
    row: dict[str, Any] = rows[0]
    if row["at"] is None:
        tracking = "was off when the newest revision was written" if row["tracked"] else "is off"
        reason = f"Kine stores no time with its rows, and track_commit_timestamp {tracking}"
        return WriteWatch(seconds, wrote, Unknown(reason))
    return WriteWatch(seconds, wrote, row["at"], max((row["now"] - row["at"]).total_seconds(), 0.0))


def _count_exactly(session: Session, question: str, column: str) -> RowCount | None:
    """The exact number, or None if counting takes longer than COUNT_SECONDS."""
    session.set_parameter("statement_timeout", f"{COUNT_SECONDS}s")
    try:
        return RowCount(int(session.query_file(question)[0][column]))
    except CouldNotLook as failure:
        if not isinstance(failure.__cause__, QueryCanceled):
            raise
        return None
    finally:
        if not session.connection.closed:
            session.set_parameter("statement_timeout", READ_SETTINGS["statement_timeout"])


def _estimate_live_keys(session: Session) -> RowCount | Unknown:
    if not session.server.can("tablesample"):
        return Unknown("too many to count, and this server does not support TABLESAMPLE")
    return RowCount(int(session.query_file("live_keys_estimate")[0]["keys"] or 0), exact=False)


def _find_users(session: Session) -> tuple[tuple[StoreUser, ...], tuple[str, ...]]:
    """Client sessions on all nodes, without kinetune's own."""
    nodes = NodeSessions(session, "drop")
    found = [
        StoreUser(row["pid"], row["application"], _why_in_use(row), name)
        for name, node in nodes
        for row in node.query_file("users")
        if not row["application"].startswith(OWN_SESSIONS)
    ]
    return tuple(found), tuple(nodes.notices)


def _why_in_use(row: dict[str, Any]) -> str:
    """Why a session counts as a user of the store, or ''. Kine sets no application_name unless its endpoint has one."""
    text, application = row["text"], row["application"]
    if row["locks"]:
        return "holds a lock on kine"
    if statement_name(text)[1]:
        return "last sent a statement of Kine"
    if not row["hidden"] and TABLE in text.lower().replace('"', " ").replace(".", " ").split():
        return "last sent a statement on kine"
    if application.lower().startswith(TABLE):
        return "has an application_name like Kine's"
    if not application:
        return "has no application_name, as Kine by default"
    return "is hidden from this role (GRANT pg_read_all_stats shows it)" if row["hidden"] else ""
