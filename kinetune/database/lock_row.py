"""
One kinetune at a time where an advisory lock holds on one node only: a row that everybody sees, with a heartbeat.

YugabyteDB before its table and advisory locks: two nodes hold the same advisory lock at once (FINDINGS.md, Errors).
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

from kinetune.database.errors import Reaction, failure_of, reaction_to, translated
from kinetune.database.session import Session, connect, visit
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import Failure, Refused

LOST = "another kinetune has taken this store over: this one stood still"
STALE_SECONDS = 30
"""A holder that has not been heard of for so long is dead: it says so three times as often."""
TABLE = """
CREATE TABLE IF NOT EXISTS kinetune_lock (
    one boolean PRIMARY KEY CHECK (one),
    holder text NOT NULL,
    taken_at timestamptz NOT NULL,
    heartbeat timestamptz NOT NULL
)
"""
TAKE = """
INSERT INTO kinetune_lock AS held (one, holder, taken_at, heartbeat)
VALUES (true, %(me)s, clock_timestamp(), clock_timestamp())
ON CONFLICT (one) DO UPDATE
SET holder = excluded.holder, taken_at = excluded.taken_at, heartbeat = excluded.heartbeat
WHERE held.heartbeat < clock_timestamp() - make_interval(secs => %(stale)s)
RETURNING holder
"""
HEARTBEAT = "UPDATE kinetune_lock SET heartbeat = clock_timestamp() WHERE holder = %s RETURNING holder"
RELEASE = "DELETE FROM kinetune_lock WHERE holder = %s"
HOLDER = "SELECT holder, taken_at, clock_timestamp() - heartbeat AS silent FROM kinetune_lock"


@contextlib.contextmanager
def lock_row(session: Session, patience: float) -> Iterator[None]:
    """
    Hold the row; Refused, naming the holder, where another does for longer than `patience` seconds.

    The table stays, empty. Where the row is lost to another (this process stood still for half a minute), what runs is
    cancelled and Refused is raised: two never change a store at the same time. So it is at the end, if all was done
    before the loss was noticed: what was verified may have been changed by the other since.
    """
    me = f"{socket.gethostname()} process {os.getpid()} ({uuid.uuid4().hex[:8]})"
    _create(session)
    _take(session, me, time.monotonic() + patience)
    heart = Heart(session, me)
    heart.start()
    try:
        yield
    except Failure as failure:
        if heart.lost:
            raise Refused(LOST, "run again") from failure
        raise
    finally:
        heart.stop()
        heart.lost |= not _released(session, me)
    if heart.lost:
        raise Refused(LOST, "run again")


def forget(endpoint: Endpoint) -> None:
    """Drop the table of the lock, where there is one: kinetune has nothing to keep in this database any more."""
    with visit(endpoint, "drop", write=True) as session, translated(session.connection.info.user):
        if session.rows("SELECT to_regclass('kinetune_lock') AS there")[0]["there"]:
            session.connection.execute("DROP TABLE IF EXISTS kinetune_lock")


def _create(session: Session) -> None:
    """Once and for all; not IF NOT EXISTS alone, which is a DDL statement that may collide with the other's."""
    while not session.rows("SELECT to_regclass('kinetune_lock') AS there")[0]["there"]:
        try:
            session.connection.execute(TABLE.encode())
        except (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable, psycopg.errors.DuplicateObject):
            continue  # the other one made it in the same moment
        except psycopg.Error as error:
            if reaction_to(error) is not Reaction.RETRY:
                raise failure_of(error, session.connection.info.user) from error
            time.sleep(0.2)


def _take(session: Session, me: str, deadline: float) -> None:
    while not _taken(session, me):
        if time.monotonic() > deadline:
            raise Refused(
                "another kinetune is changing this database",
                f"wait for it to end, or until it is taken for dead: {_who(session)}",
            )
        time.sleep(0.2)


def _released(session: Session, me: str) -> bool:
    """False where the row was another's; one that cannot be given back is taken over in time."""
    try:
        return session.connection.execute(RELEASE, (me,)).rowcount == 1
    except psycopg.Error:
        return True


def _taken(session: Session, me: str) -> bool:
    """Two who try at once may both be told to try again (40001)."""
    try:
        return session.connection.execute(TAKE.encode(), {"me": me, "stale": STALE_SECONDS}).fetchone() is not None
    except psycopg.Error as error:
        if reaction_to(error) is not Reaction.RETRY:
            raise failure_of(error, session.connection.info.user) from error
        return False


def _who(session: Session) -> str:
    rows = session.rows(HOLDER)
    if not rows:
        return "it has just ended"
    (row,) = rows
    silent = row["silent"].total_seconds()
    return f"{row['holder']} since {row['taken_at']:%H:%M:%S %Z}, silent for {silent:.0f} of {STALE_SECONDS} s"


class Heart(threading.Thread):
    """Says on a connection of its own that the holder is alive; the holder's is busy with what takes long."""

    def __init__(self, session: Session, me: str) -> None:
        super().__init__(daemon=True)
        self._session, self._me, self._ended, self.lost = session, me, threading.Event(), False

    def run(self) -> None:
        while not self._ended.wait(STALE_SECONDS / 3):
            with contextlib.suppress(psycopg.Error, Failure):  # a beat that fails is followed by the next
                if not self._beat():
                    self.lost = True
                    break
        while self.lost and not self._ended.wait(0.2):  # between two statements a cancel finds nothing to end
            with contextlib.suppress(psycopg.Error):
                self._session.connection.cancel()

    def _beat(self) -> bool:
        connection = connect(self._session.endpoint, "init-lock")
        with contextlib.closing(connection), translated():
            return connection.execute(HEARTBEAT.encode(), (self._me,)).fetchone() is not None

    def stop(self) -> None:
        self._ended.set()
        self.join()
