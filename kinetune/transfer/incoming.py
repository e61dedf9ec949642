"""The table that rows are written to, before it gets the name kine."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cached_property
from queue import SimpleQueue
from typing import Any

import psycopg
from psycopg import adapters, sql

from kinetune.database.session import Session, failure_from, open_session
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour
from kinetune.transfer.rows import BATCH_ROWS, COLUMN_NAMES, Batch
from kinetune.transfer.table_rows import TableReader

ReportRows = Callable[[int], None]
WRITERS = {Flavour.POSTGRESQL: 1, Flavour.YUGABYTEDB: 4}
"""Sessions that write at the same time, by `bench move` (docs/facts/measured.md §14)."""


def ignore_rows(_: int) -> None:
    """Progress that is not shown."""


class IncomingTable(TableReader):
    """
    A table with Kine's columns and a primary key on id, by its quoted name. The session is a writing one in autocommit.

    Each batch is one transaction, so an interrupted copy leaves whole batches, in any order.
    """

    def write_batches(
        self, batches: Iterable[Batch], report: ReportRows = ignore_rows, writers: int | None = None
    ) -> int:
        """
        Insert all rows and return their number. `report` gets the number of rows so far.

        `writers` is the number of sessions, by default WRITERS; with one it is this table's own. Raises CouldNotLook or
        Refused; no error contains a row.
        """
        count = WRITERS[self.session.server.flavour] if writers is None else writers
        written = 0
        for rows in self._write_each(batches) if count == 1 else self._write_in_parallel(batches, count):
            written += rows
            report(written)
        return written

    def delete_ids(self, ids: Iterable[int]) -> int:
        """Delete the rows with these ids and return the number of those that existed."""
        text = f"DELETE FROM {self.table} WHERE id = ANY(%s) RETURNING 1 AS one"  # noqa: S608 - a quoted name
        deleted, remaining = 0, iter(ids)
        while page := list(itertools.islice(remaining, BATCH_ROWS)):
            deleted += len(self._query(text, page))
        return deleted

    def _write_each(self, batches: Iterable[Batch]) -> Iterator[int]:
        for batch in batches:
            yield self._write_batch(self.session, batch)

    def _write_in_parallel(self, batches: Iterable[Batch], count: int) -> Iterator[int]:
        """The first error ends the writing after the batches that are on their way."""
        name = self.session.connection.info.parameter_status("application_name") or ""
        free: SimpleQueue[Session] = SimpleQueue()

        def write(batch: Batch) -> int:
            session = free.get()
            try:
                return self._write_batch(session, batch)
            finally:
                free.put(session)

        with contextlib.ExitStack() as stack:
            for _ in range(count):
                opened = open_session(self.session.endpoint, name.removeprefix("kinetune/"), write=True)
                free.put(stack.enter_context(opened))
            pool = stack.enter_context(ThreadPoolExecutor(count))
            pending: set[Future[int]] = set()
            for batch in batches:
                pending.add(pool.submit(write, batch))
                # One more than there are sessions, so that none of them waits for the source.
                if len(pending) > count:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            yield from (future.result() for future in pending)

    def _write_batch(self, session: Session, batch: Batch) -> int:
        """
        Insert a batch in one transaction, with retries. On YugabyteDB a statement may fail with 40001 because a catalog
        changed, even in another database, and a write that timed out may have been committed.
        """
        self._require_fitting(batch)
        rows = batch

        def send() -> None:
            nonlocal rows
            try:
                self._copy_rows(session, rows)
            except psycopg.Error:
                if not session.connection.closed:
                    rows = self._without_present(session, batch)
                raise

        try:
            session.retry(send)
        # `from None`: the message of a DataError and the CONTEXT of any error quote a row, and --debug prints causes.
        except psycopg.DataError as error:
            code = f" ({error.sqlstate})" if error.sqlstate else ""
            raise CouldNotLook(f"the target cannot hold one of the rows with {_name_span(batch)}{code}") from None
        except psycopg.Error as error:
            raise failure_from(error, session.connection.info.user) from None
        return len(batch)

    def _copy_rows(self, session: Session, rows: Batch) -> None:
        # Binary COPY needs the exact types: int8 and int4 have different lengths. They are read before it begins.
        types = self._types
        try:
            with session.connection.cursor() as cursor, cursor.copy(self._copy_statement) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)
        except UnicodeEncodeError:
            # `from None`: the error quotes the key. By default a session has the encoding of its database.
            encoding = session.connection.info.parameter_status("client_encoding")
            raise CouldNotLook(
                f"the target cannot hold the key of one of the rows with {_name_span(rows)}: it has characters that "
                f"the encoding {encoding} of the database lacks",
                "name a database with the encoding UTF8",
            ) from None
        except ValueError as error:
            # psycopg 3.3.9 expects one result at the end of a COPY; a server that is killed meanwhile leaves two.
            raise psycopg.OperationalError("the server ended the session during a COPY") from error

    def _require_fitting(self, batch: Batch) -> None:
        """psycopg cuts an integer that its type cannot hold, without an error (3.3.9)."""
        for place, limit in self._limits:
            values: list[Any] = [row[place] for row in batch]
            if -limit <= min(values) and max(values) < limit:
                continue
            number = next(row[0] for row, value in zip(batch, values, strict=True) if not -limit <= value < limit)
            raise CouldNotLook(
                f"the target cannot hold row {number}: its {COLUMN_NAMES[place]} does not fit the column's type",
                "use a target with the present types of Kine (kinetune init)",
            )

    def _without_present(self, session: Session, batch: Batch) -> Batch:
        text = f"SELECT id::bigint AS id FROM {self.table} WHERE id = ANY(%s)"  # noqa: S608 - a quoted name
        found = session.retry(lambda: session.query(text, [row[0] for row in batch]))
        present = {row["id"] for row in found}
        return [row for row in batch if row[0] not in present]

    @cached_property
    def _copy_statement(self) -> sql.Composed:
        # YugabyteDB commits every 20,000 rows of a COPY by default; 0 makes it one transaction.
        yugabytedb = self.session.server.flavour is Flavour.YUGABYTEDB
        return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary{})").format(
            sql.SQL(self.table),
            sql.SQL(", ").join(map(sql.Identifier, COLUMN_NAMES)),
            sql.SQL(", ROWS_PER_TRANSACTION 0" if yugabytedb else ""),
        )

    @cached_property
    def _limits(self) -> list[tuple[int, int]]:
        """The number of each integer column in a row, and the first value that is too large for it."""
        limits = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
        bounds = {adapters.types[name].oid: limit for name, limit in limits.items()}
        return [(place, bounds[oid]) for place, oid in enumerate(self._types) if oid in bounds]

    @cached_property
    def _types(self) -> list[int]:
        """Oids of the columns' types: a target may keep the INTEGER columns of an old release."""
        text = "SELECT attname AS name, atttypid::bigint AS type FROM pg_attribute WHERE attrelid = to_regclass(%s)"
        found = {row["name"]: row["type"] for row in self._query(text, self.table)}
        return [found[name] for name in COLUMN_NAMES]


def _name_span(batch: Batch) -> str:
    return f"ids {batch[0][0]:,} to {batch[-1][0]:,}"
