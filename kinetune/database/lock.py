"""
One kinetune at a time: an advisory lock, or on YugabyteDB a row with a heartbeat.

YugabyteDB releases without cluster-wide advisory locks grant the same advisory lock on two nodes at once
(docs/facts/recorded.md §5). A row of a table is seen by all nodes, but it does not go away with its session: so its
holder renews a timestamp, and a lock that is not renewed for STALE_SECONDS can be taken over.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator

import psycopg

from kinetune.database.session import (
    Reaction,
    Session,
    classify_exception,
    connect,
    failure_from,
    open_session,
    translate_errors,
)
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import Failure, Refused

LOCK_KEY = 7_238_419_002
"""Key of the advisory lock: an arbitrary constant. Advisory locks are per database, so two stores do not collide."""
WAIT_FOR_OTHER_SECONDS = 10.0
LOCK_LOST = "lost the lock: this run was idle for too long and another kinetune took over"
STALE_SECONDS = 30
"""A lock that was not renewed for this time can be taken over. The holder renews it three times as often."""
CREATE_LOCK_TABLE = """
CREATE TABLE IF NOT EXISTS kinetune_lock (
    one boolean PRIMARY KEY CHECK (one),
    holder text NOT NULL,
    taken_at timestamptz NOT NULL,
    heartbeat timestamptz NOT NULL
)
"""
ACQUIRE_ROW = """
INSERT INTO kinetune_lock AS held (one, holder, taken_at, heartbeat)
VALUES (true, %(me)s, clock_timestamp(), clock_timestamp())
ON CONFLICT (one) DO UPDATE
SET holder = excluded.holder, taken_at = excluded.taken_at, heartbeat = excluded.heartbeat
WHERE held.heartbeat < clock_timestamp() - make_interval(secs => %(stale)s)
RETURNING holder
"""
RENEW_ROW = "UPDATE kinetune_lock SET heartbeat = clock_timestamp() WHERE holder = %s RETURNING holder"
RELEASE_ROW = "DELETE FROM kinetune_lock WHERE holder = %s"
SELECT_HOLDER = "SELECT holder, taken_at, clock_timestamp() - heartbeat AS silent FROM kinetune_lock"


@contextlib.contextmanager
def exclusive_lock(session: Session) -> Iterator[None]:
    """
    Hold kinetune's lock inside. Refused if another kinetune still holds it after WAIT_FOR_OTHER_SECONDS.

    The lock is polled with pg_try_advisory_lock. A session that waits in pg_advisory_lock holds a snapshot, and CREATE
    INDEX CONCURRENTLY of the lock's holder waits for all older snapshots: the two would wait for each other.
    """
    if not session.server.can("advisory_lock"):
        with row_lock(session, WAIT_FOR_OTHER_SECONDS):
            yield
        return
    deadline = time.monotonic() + WAIT_FOR_OTHER_SECONDS
    while not session.query("SELECT pg_try_advisory_lock(%s::bigint) AS held", LOCK_KEY)[0]["held"]:
        if time.monotonic() > deadline:
            raise Refused(
                "another kinetune is changing this database", f"wait until it ends{_describe_lock_process(session)}"
            )
        time.sleep(0.2)
    try:
        yield
    finally:
        with contextlib.suppress(psycopg.Error):
            session.connection.execute("SELECT pg_advisory_unlock(%s::bigint)", (LOCK_KEY,))


def _describe_lock_process(session: Session) -> str:
    rows = session.query(
        "SELECT l.pid FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
        "WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database() "
        "AND (l.classid::bigint << 32) + l.objid::bigint = %s",
        LOCK_KEY,
    )
    return f" (server process {rows[0]['pid']})" if rows else ""


@contextlib.contextmanager
def row_lock(session: Session, patience: float) -> Iterator[None]:
    """
    Hold the lock row inside. Refused, with the holder's name, if another kinetune holds it for `patience` seconds.

    The empty table stays. If another kinetune takes the row over (this process was suspended for STALE_SECONDS), the
    running statement is cancelled and Refused is raised: two runs never change a store at the same time. Refused is
    raised even if all statements had finished, because the other run may have changed what this one verified.
    """
    me = f"{socket.gethostname()} process {os.getpid()} ({uuid.uuid4().hex[:8]})"
    _create_lock_table(session)
    _acquire_row(session, me, time.monotonic() + patience)
    heart = Heartbeat(session, me)
    heart.start()
    try:
        yield
    except Failure as failure:
        if heart.lost:
            raise Refused(LOCK_LOST, "run again") from failure
        raise
    finally:
        heart.stop()
        heart.lost |= not _release_row(session, me)
    if heart.lost:
        raise Refused(LOCK_LOST, "run again")


def drop_lock_table(endpoint: Endpoint) -> None:
    """Drop the table of the lock row, if there is one. `kinetune drop` leaves no object of kinetune in the database."""
    with open_session(endpoint, "drop", write=True) as session, translate_errors(session.connection.info.user):
        if session.query("SELECT to_regclass('kinetune_lock') AS oid")[0]["oid"]:
            session.connection.execute("DROP TABLE IF EXISTS kinetune_lock")


def _create_lock_table(session: Session) -> None:
    """Create the table if it is missing. Even CREATE … IF NOT EXISTS is DDL, which may collide with another run's."""
    while not session.query("SELECT to_regclass('kinetune_lock') AS oid")[0]["oid"]:
        try:
            session.connection.execute(CREATE_LOCK_TABLE.encode())
        except (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable, psycopg.errors.DuplicateObject):
            continue  # another run created it at the same moment
        except psycopg.Error as error:
            if classify_exception(error) is not Reaction.RETRY:
                raise failure_from(error, session.connection.info.user) from error
            time.sleep(0.2)


def _acquire_row(session: Session, me: str, deadline: float) -> None:
    while not _try_acquire(session, me):
        if time.monotonic() > deadline:
            raise Refused(
                "another kinetune is changing this database",
                f"wait until it ends or its lock expires: {_describe_holder(session)}",
            )
        time.sleep(0.2)


def _release_row(session: Session, me: str) -> bool:
    """False if another run has taken the row over. A row that cannot be deleted expires after STALE_SECONDS."""
    try:
        return session.connection.execute(RELEASE_ROW, (me,)).rowcount == 1
    except psycopg.Error:
        return True


def _try_acquire(session: Session, me: str) -> bool:
    """Whether the row is held now. Of two runs that try at the same moment, both may get 40001 and must retry."""
    try:
        return (
            session.connection.execute(ACQUIRE_ROW.encode(), {"me": me, "stale": STALE_SECONDS}).fetchone() is not None
        )
    except psycopg.Error as error:
        if classify_exception(error) is not Reaction.RETRY:
            raise failure_from(error, session.connection.info.user) from error
        return False


def _describe_holder(session: Session) -> str:
    rows = session.query(SELECT_HOLDER)
    if not rows:
        return "it has just ended"
    (row,) = rows
    silent = row["silent"].total_seconds()
    return (
        f"{row['holder']} since {row['taken_at']:%H:%M:%S %Z}, last renewed {silent:.0f} s ago (limit {STALE_SECONDS})"
    )


class Heartbeat(threading.Thread):
    """Renews the lock row on a second connection, because the holder's connection is busy with long statements."""

    def __init__(self, session: Session, me: str) -> None:
        super().__init__(daemon=True)
        self._session, self._me, self._ended, self.lost = session, me, threading.Event(), False

    def run(self) -> None:
        while not self._ended.wait(STALE_SECONDS / 3):
            # A renewal that fails is not a lost lock: the next one may succeed, and another run takes the row over only
            # after three failures. Only an UPDATE that finds no row proves the loss.
            with contextlib.suppress(psycopg.Error, Failure):
                if not self._renew():
                    self.lost = True
                    break
        # Repeated, because a cancel that arrives between two statements has no effect.
        while self.lost and not self._ended.wait(0.2):
            with contextlib.suppress(psycopg.Error):
                self._session.connection.cancel()

    def _renew(self) -> bool:
        connection = connect(self._session.endpoint, "init-lock")
        with contextlib.closing(connection), translate_errors():
            return connection.execute(RENEW_ROW.encode(), (self._me,)).fetchone() is not None

    def stop(self) -> None:
        self._ended.set()
        self.join()
