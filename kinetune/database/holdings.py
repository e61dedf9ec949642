"""Looks at a store that is to be dropped: what it holds, who uses it, and whether anything still writes to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from psycopg.errors import QueryCanceled

from kinetune.database.activity import named
from kinetune.database.look import store
from kinetune.database.nodes import Nodes
from kinetune.database.observe import last_id
from kinetune.database.session import READ_SETTINGS, Session
from kinetune.kine.schema import TABLE
from kinetune.kine.shape import TABLES
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Facts, Unknown
from kinetune.model.failure import CouldNotLook
from kinetune.model.holdings import Amount, Holdings, Leftover, User, Watched

COUNT_SECONDS = 5
"""No longer is counted; beyond it a number is an estimate."""
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Pulse:
    """What moves when somebody writes: MAX(id), the sequence, the counters of the statistics."""

    max_id: int | None
    last_id: int | None
    changes: int

    def moved(self, later: Pulse) -> str:
        """In words what moved, empty where nothing did."""
        if later.max_id != self.max_id:
            return f"the newest revision went from {self.max_id or 0:,} to {later.max_id or 0:,}"
        if later.last_id != self.last_id:
            return f"the sequence went from {self.last_id or 0:,} to {later.last_id or 0:,}"
        if later.changes > self.changes:
            return f"{later.changes - self.changes:,} rows were changed or deleted"
        return ""


def holdings(endpoint: Endpoint, command: str, seconds: float, told: Callable[[str], None]) -> Holdings:
    """What is there, on a session that may only read; the store is watched for so many seconds. Raises CouldNotLook."""
    with store(endpoint, command) as (session, facts):
        if not facts.database:  # libpq's own default, or a service's
            facts = replace(facts, database=session.connection.info.dbname)
        if not facts.database_exists:
            return Holdings(facts)
        seen = look(session, facts)
        if facts.table is None or facts.table.kind not in TABLES or facts.table.column("id") is None:
            return seen
        return _contents(session, seen, seconds, told)


def look(session: Session, facts: Facts) -> Holdings:
    """Without counting and watching: what a script is made of."""
    users, notices = _users(session)
    return Holdings(
        facts,
        users=users,
        notices=notices,
        leftovers=tuple(Leftover(**row) for row in session.ask("leftovers")),
        dependants=tuple(row["name"] for row in session.ask("dependants")) if facts.table else (),
        others=tuple(row["name"] for row in session.ask("other_relations")),
    )


def _contents(session: Session, seen: Holdings, seconds: float, told: Callable[[str], None]) -> Holdings:
    """Counted while the store is watched: what takes its time anyway costs none."""
    started, first = time.monotonic(), _pulse(session)
    told("count rows and live keys")
    table = seen.facts.table
    assert table is not None
    about = Amount(table.size, exact=False) if table.size else Unknown("never counted, and too many to count now")
    rows = _counted(session, "row_count", "rows") or about
    live = _counted(session, "live_keys", "keys") or _about(session)
    (size,) = session.rows("SELECT pg_total_relation_size(to_regclass(%s)) AS bytes", TABLE)
    told(f"watch for writes ({seconds:g} s)")
    wrote = _watch(session, first, started + seconds)
    watched = _watched(session, time.monotonic() - started, wrote)
    users, notices = _users(session)
    return replace(seen, rows=rows, live=live, bytes=size["bytes"], watched=watched, users=users, notices=notices)


def _pulse(session: Session) -> Pulse:
    (row,) = session.ask("pulse")
    return Pulse(row["max_id"], last_id(session), row["changes"])


def _watch(session: Session, first: Pulse, until: float) -> str:
    """At least one second look, however short the time; and little of it spent looking (MAX(id) may be a scan)."""
    pause = POLL_SECONDS
    while True:
        time.sleep(min(pause, max(until - time.monotonic(), 0)))
        asked = time.monotonic()
        if (moved := first.moved(_pulse(session))) or time.monotonic() >= until:
            return moved
        pause = max(POLL_SECONDS, 10 * (time.monotonic() - asked))


def _watched(session: Session, seconds: float, wrote: str) -> Watched:
    rows = session.ask("newest_commit")
    if not rows:
        return Watched(seconds, wrote, Unknown("there is no row"))
    row: dict[str, Any] = rows[0]
    if row["at"] is None:
        kept = "was off when the newest revision was written" if row["tracked"] else "is off here"
        reason = f"rows of Kine bear no time, and track_commit_timestamp {kept}"
        return Watched(seconds, wrote, Unknown(reason))
    return Watched(seconds, wrote, row["at"], max((row["now"] - row["at"]).total_seconds(), 0.0))


def _counted(session: Session, question: str, column: str) -> Amount | None:
    """None where it takes too long."""
    session.change("statement_timeout", f"{COUNT_SECONDS}s")
    try:
        return Amount(int(session.ask(question)[0][column]))
    except CouldNotLook as failure:
        if not isinstance(failure.__cause__, QueryCanceled):
            raise
        return None
    finally:
        if not session.connection.closed:
            session.change("statement_timeout", READ_SETTINGS["statement_timeout"])


def _about(session: Session) -> Amount | Unknown:
    if not session.server.can("tablesample"):
        return Unknown("too many to count now, and this server takes no samples")
    return Amount(int(session.ask("live_keys_about")[0]["keys"] or 0), exact=False)


def _users(session: Session) -> tuple[tuple[User, ...], tuple[str, ...]]:
    """Sessions on every node, without kinetune's own."""
    nodes = Nodes(session, "drop")
    found = [
        User(row["pid"], row["application"], _why(row), name)
        for name, there in nodes
        for row in there.ask("users")
        if not row["application"].startswith("kinetune/")
    ]
    return tuple(found), tuple(nodes.notices)


def _why(row: dict[str, Any]) -> str:
    """Kine gives itself no application_name unless its endpoint does."""
    text, application = row["text"], row["application"]
    if row["locks"]:
        return "holds a lock on kine"
    if named(text)[1]:
        return "sent a statement of Kine's last"
    if not row["hidden"] and TABLE in text.lower().replace('"', " ").replace(".", " ").split():
        return "sent a statement on kine last"
    if application.lower().startswith(TABLE) or not application:
        return "is called as Kine is" if application else "has no application_name, as Kine has none"
    return "cannot be looked into (GRANT pg_read_all_stats)" if row["hidden"] else ""
