"""A table to fill, as the script before the rows makes it, and stores to read, on a real server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import psycopg

from kinetune.database.session import open_session
from kinetune.transfer.database_source import open_database
from kinetune.transfer.incoming import IncomingTable
from kinetune.transfer.rows import Batch, Row, batch_rows
from kinetune.transfer.source import Source
from tests.database.stores import ask, place

INCOMING = "kinetune_incoming"
CREATE = f"""
CREATE TABLE {INCOMING} (id {{0}} NOT NULL, name text COLLATE "C", created integer, deleted integer,
    create_revision {{0}}, prev_revision {{0}}, lease integer, value bytea, old_value bytea,
    CONSTRAINT {INCOMING}_pkey PRIMARY KEY (id {{1}}))
"""


def create_incoming(dsn: str, ids: str = "bigint", order: str = "") -> None:
    ask(dsn, CREATE.format(ids, order))


@contextlib.contextmanager
def incoming(dsn: str) -> Iterator[IncomingTable]:
    with open_session(place(dsn), "move", write=True) as session:
        yield IncomingTable(session, INCOMING)


def opened(dsn: str) -> contextlib.AbstractContextManager[Source]:
    return open_database(place(dsn), "move")


def flat(batches: Iterable[Batch]) -> list[Row]:
    return [row for batch in batches for row in batch]


def row(number: int, name: str = "", **columns: object) -> Row:
    """A create of a key, with other columns where given."""
    made: dict[str, object] = {
        "id": number, "name": name or f"/registry/pods/a/{number}", "created": 1, "deleted": 0, "create_revision": 0,
        "prev_revision": 0, "lease": 0, "value": b"v%d" % number, "old_value": None,
    } | columns  # fmt: skip
    return tuple(made.values())  # type: ignore[return-value]


def insert(dsn: str, *rows: Row, table: str = "kine") -> None:
    with psycopg.connect(**place(dsn).libpq(), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", rows)


class ListedSource(Source):
    """Rows from memory."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        return batch_rows(one for one in self.rows if one[0] > after)

    def refresh(self) -> None:
        """It never changes by itself."""

    def find_writers(self) -> tuple[str, ...]:
        return ()
