"""A store of Kine on PostgreSQL or YugabyteDB as a source of rows: one snapshot, in a session that cannot write."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from psycopg.pq import TransactionStatus

from kinetune.database.kine_stopped import find_writers
from kinetune.database.observe import observe_store, read_last_id
from kinetune.database.session import Session, open_session, translate_errors
from kinetune.kine.keyspace import COMPACTION_MARK
from kinetune.kine.table_shape import refuse_foreign_table
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Facts
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour
from kinetune.model.transfer import RangeDigest, SourceKind, SourceState
from kinetune.quoting import identifier
from kinetune.transfer.rows import Batch, Row
from kinetune.transfer.source import Source
from kinetune.transfer.table_rows import TableReader

KINDS = {Flavour.POSTGRESQL: SourceKind.POSTGRESQL, Flavour.YUGABYTEDB: SourceKind.YUGABYTEDB}
SETTINGS: dict[str, Any] = {
    # The copy lasts as long as the target is slow, and the snapshot must live as long.
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # A policy that hides rows from this role is then an error.
    "row_security": "off",
}

BEGIN = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY DEFERRABLE"
"""
DEFERRABLE makes the first statement on YugabyteDB wait for the largest difference of clocks, 0.5 s. Without it a source
that is written to fails with "Restart read required" (40001; docs/facts/measured.md §14). PostgreSQL ignores it here.
"""


@contextlib.contextmanager
def open_database(endpoint: Endpoint, command: str) -> Iterator[Source]:
    """
    The store, in one snapshot. The session is called kinetune/<command>.

    Raises CouldNotLook if it cannot be read, Refused if the table kine is not Kine's.
    """
    with open_session(endpoint, command, **SETTINGS) as session:
        table = _require_table(session, observe_store(session))
        # Keys are UTF-8 in every source; a database with SQL_ASCII returns its bytes as they are. Set last: comments in
        # sql/facts have characters that a LATIN1 database cannot convert.
        session.set_parameter("client_encoding", "UTF8")
        source = DatabaseSource(session, table, command)
        source.refresh()
        yield source


def _require_table(session: Session, facts: Facts) -> str:
    """The quoted name of the table kine."""
    refuse_foreign_table(facts)
    if facts.table is None:
        raise CouldNotLook(
            f"there is no table kine in database {facts.database}", "name the database and the schema of the store"
        )
    (state,) = session.query("SELECT pg_is_in_recovery() AS standby")
    if state["standby"]:
        # The sessions of Kine are on the primary, and a sequence on a standby is up to 32 ids ahead.
        raise CouldNotLook(
            f"{session.endpoint} is a standby: whether Kine is stopped is not known there", "name the primary"
        )
    return f"{identifier(facts.table.schema)}.kine"


class DatabaseSource(Source):
    """Rows, ids and digests of one snapshot. Only one of its iterators may be in use at a time."""

    def __init__(self, session: Session, table: str, command: str) -> None:
        self._session, self._command = session, command
        self._reader = TableReader(session, table)

    def refresh(self) -> None:
        self.state = self._session.retry(self._take_snapshot)

    def find_writers(self) -> tuple[str, ...]:
        # In a session of its own: this one sees neither new rows nor new sessions within its snapshot.
        with open_session(self._session.endpoint, self._command) as session:
            return find_writers(session, self._command)

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        rows = 0
        for batch in self._reader.read_rows(after):
            rows += len(batch)
            yield batch
        # COPY is sent by the simple protocol, which on YugabyteDB may answer without rows and without an error while a
        # catalog changes (docs/facts/measured.md §12).
        if after == 0 and rows != self.state.rows:
            raise CouldNotLook(
                f"read {rows:,} of {self.state.rows:,} rows", "run again: rows that were copied are kept"
            )

    def read_ids(self) -> Iterator[int]:
        return self._reader.read_ids()

    def read_digests(self, *, exact_leases: bool = True) -> Iterator[RangeDigest]:
        return self._reader.read_digests(exact_leases=exact_leases)

    def read_compactions(self) -> list[Row]:
        return self._reader.find_rows(COMPACTION_MARK)

    def _take_snapshot(self) -> SourceState:
        session = self._session
        self._end_snapshot()
        try:
            with translate_errors(session.connection.info.user):
                session.connection.execute(BEGIN)
            rows = self._reader.count_rows()
            newest = self._reader.newest_id()
            compacted = session.query_file("compacted")[0]["revision"]
        except CouldNotLook:
            self._end_snapshot()
            raise
        # Last: a sequence is not part of a snapshot, and its value must not be below any id.
        return SourceState(
            kind=KINDS[session.server.flavour],
            place=str(session.endpoint),
            version=".".join(map(str, session.server.release)),
            revision=newest,
            rows=rows,
            last_id=read_last_id(session),
            compacted=int(compacted),
        )

    def _end_snapshot(self) -> None:
        connection = self._session.connection
        if not connection.closed and connection.info.transaction_status is not TransactionStatus.IDLE:
            with translate_errors(connection.info.user):
                connection.execute(b"ROLLBACK")
