"""Read a table with Kine's columns on a server: its rows, its ids, and digests that the server computes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from psycopg import sql

from kinetune.database.session import Session, translate_errors
from kinetune.model.transfer import RANGE_IDS, RangeDigest
from kinetune.resources import data_folder
from kinetune.transfer.rows import BATCH_ROWS, COLUMN_NAMES, Batch, Row, batch_rows

ID_PAGE = 100_000
"""Ids of a page: 4 MB in Python. Of hash-sharded ids each page is a scan of the whole table, so it is not smaller."""
DIGEST_ROWS = 20_000
"""Rows whose digests one statement computes. A single statement would run for minutes on a large store."""
READ_TYPES = ("int8", "text", "int4", "int4", "int8", "int8", "int4", "bytea", "bytea")
"""Types in which rows are read, whatever the columns are: ids were INTEGER up to v0.11.4 (docs/facts/kine.md §1.1)."""
_ABSENT = {"text": "''", "bytea": "NULL"}
_SELECTED = ", ".join(
    f"coalesce({name}, {_ABSENT.get(kind, '0')})::{kind}" for name, kind in zip(COLUMN_NAMES, READ_TYPES, strict=True)
)


class TableReader:
    """
    A table by its quoted name. Rows with an id below 1 are ignored: planted statistics may have left some.

    Within a transaction of the session everything is read from its snapshot. Only one of the iterators may be in use at
    a time. Errors are raised as CouldNotLook.
    """

    def __init__(self, session: Session, table: str) -> None:
        self.session, self.table = session, table

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        """
        Rows with an id above `after`, in order.

        COPY streams them: a cursor would hold as many rows as it fetches at once, of up to 3 MiB each. Sorting rows of
        a hash-sharded table would write all their values to a temporary file, so they are found by their ids there.
        """
        if not self._hashed:
            yield from batch_rows(self._stream_rows(sql.SQL("id > {}").format(sql.Literal(after))))
            return
        ids = self.read_ids(after)
        while page := list(itertools.islice(ids, BATCH_ROWS)):
            yield from batch_rows(self._stream_rows(sql.SQL("id = ANY({})").format(sql.Literal(page))))

    def read_range(self, number: int) -> list[Row]:
        """The rows of one range of RANGE_IDS ids."""
        first = number * RANGE_IDS
        condition = sql.SQL("id BETWEEN {} AND {}").format(
            sql.Literal(max(first, 1)), sql.Literal(first + RANGE_IDS - 1)
        )
        return list(self._stream_rows(condition))

    def find_rows(self, name: str) -> list[Row]:
        """The rows with that name. Reads the whole table if it has no index on names yet."""
        return list(self._stream_rows(sql.SQL("name = {} AND id > 0").format(sql.Literal(name))))

    def read_ids(self, after: int = 0) -> Iterator[int]:
        """Ids above `after`, in order, in pages: rows may be written between two of them."""
        # One array instead of rows, each of which would be a dictionary.
        page = f"SELECT id::bigint FROM {self.table} WHERE id > %s ORDER BY 1 LIMIT {ID_PAGE}"  # noqa: S608
        while ids := self._query(f"SELECT ARRAY({page}) AS ids", after)[0]["ids"]:
            yield from ids
            after = ids[-1]
            if len(ids) < ID_PAGE:
                return

    def count_rows(self) -> int:
        text = f"SELECT count(*) AS rows FROM {self.table} WHERE id > 0"  # noqa: S608 - a quoted name
        return int(self._query(text)[0]["rows"])

    def newest_id(self) -> int:
        """The greatest id; 0 for an empty table."""
        text = f"SELECT coalesce(max(id), 0)::bigint AS id FROM {self.table}"  # noqa: S608 - a quoted name
        return max(int(self._query(text)[0]["id"]), 0)

    def read_digests(self, *, exact_leases: bool = True) -> Iterator[RangeDigest]:
        """
        A digest of each range of ids that has rows, computed by the server (sql/facts/range_digests.sql).

        Without `exact_leases` a lease counts as 1, as in digest_batches().
        """
        lease = "lease" if exact_leases else "least(lease, 1)"
        columns = ", ".join(f"{lease} AS lease" if name == "lease" else name for name in COLUMN_NAMES)
        condition = "id = ANY(%s)" if self._hashed else "id BETWEEN %s AND %s"
        # In the file, kine is the table; here the name means some of the rows of this one.
        text = f"WITH kine AS (SELECT {columns} FROM {self.table} WHERE {condition})\n{_read_digest_query()}"  # noqa: S608
        for ids in self._blocks_of_ranges():
            found = (ids,) if self._hashed else (ids[0], ids[-1])
            for row in self._query(text, *found):
                yield RangeDigest(**row)

    def _blocks_of_ranges(self) -> Iterator[list[int]]:
        """Ids of whole ranges, at least DIGEST_ROWS unless they are the last."""
        block: list[int] = []
        for _, ids in itertools.groupby(self.read_ids(), lambda one: one // RANGE_IDS):
            block += ids
            if len(block) >= DIGEST_ROWS:
                yield block
                block = []
        if block:
            yield block

    @cached_property
    def _hashed(self) -> bool:
        """Whether the ids are hash-sharded, so that no index has them in order."""
        # pg_index.indoption is 4 for HASH on YugabyteDB (docs/facts/recorded.md §2).
        text = """SELECT EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = to_regclass(%s)
            AND i.indisprimary AND i.indoption[0] = 4) AS hashed"""
        return bool(self._query(text, self.table)[0]["hashed"])

    def _stream_rows(self, condition: sql.Composable) -> Iterator[Row]:
        statement = sql.SQL("COPY (SELECT {} FROM {} WHERE {} ORDER BY id) TO STDOUT (FORMAT binary)").format(
            sql.SQL(_SELECTED), sql.SQL(self.table), condition
        )
        connection = self.session.connection
        # A reader that stops early makes psycopg cancel the COPY. The savepoint keeps the transaction, and with it the
        # snapshot, usable.
        with (
            translate_errors(connection.info.user),
            connection.transaction(),
            connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            copy.set_types(READ_TYPES)
            yield from copy.rows()

    def _query(self, text: str, *arguments: object) -> list[dict[str, Any]]:
        return self.session.retry(lambda: self.session.query(text, *arguments))


def _read_digest_query() -> str:
    return (data_folder("sql") / "facts" / "range_digests.sql").read_text(encoding="utf-8")
