"""
The live keys of an etcd at one revision, in a private file, from which they are read in the order of revisions.

etcd lists in the order of keys. It can sort by revision, but then it reads the whole range again for each page
("fetch everything; sort and truncate afterwards" in its apply.go), and a first pass with keys_only costs it as much as
one with values, which would then have to be read key by key. One pass into a file needs no memory for each key, loads
the live etcd once, ends before a compaction can interrupt it, and gives equal rows however often they are read.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from kinetune.etcd.codec import KeyValue, encode_key
from kinetune.transfer.live_rows import OWN_KEYS_OF_ETCD, live_row
from kinetune.transfer.rows import Row

# Keys are bytes in etcd. As a BLOB they would be decoded row by row; a TEXT of SQLite may hold any bytes.
_TABLES = f"""
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16384;
CREATE TABLE live (name TEXT NOT NULL UNIQUE, revision INTEGER, created INTEGER, lease INTEGER, value BLOB);
CREATE INDEX live_revision ON live (revision);
CREATE TABLE renumbered (number INTEGER PRIMARY KEY, id INTEGER NOT NULL);
CREATE TABLE kept (name TEXT NOT NULL UNIQUE);
CREATE VIEW moved AS SELECT rowid AS number, * FROM live
WHERE name NOT IN ({", ".join(f"'{name}'" for name in sorted(OWN_KEYS_OF_ETCD))});
"""  # noqa: S608 - constants alone
_PUT = """
INSERT INTO live (name, revision, created, lease, value) VALUES (CAST(? AS TEXT), ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, created = excluded.created, lease = excluded.lease,
    value = excluded.value
"""
_RENUMBER = """
INSERT INTO renumbered
SELECT number, ? + row_number() OVER (ORDER BY revision, name)
FROM (
    SELECT number, revision, name, row_number() OVER (PARTITION BY revision ORDER BY name) AS place
    FROM moved WHERE revision IN (SELECT revision FROM live GROUP BY revision HAVING count(*) > 1)
)
WHERE place > 1
"""
_ROWS = """
SELECT revision, name, created, lease, value FROM moved
WHERE revision > ? AND number NOT IN (SELECT number FROM renumbered) ORDER BY revision
"""
_RENUMBERED_ROWS = """
SELECT id, name, created, lease, value FROM moved JOIN renumbered USING (number) WHERE id > ? ORDER BY id
"""


class LiveKeys:
    """Changed by `changing` alone: a change that fails leaves the former keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "live_keys.db"
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.text_factory = functools.partial(str, encoding="utf-8", errors="surrogateescape")
        self._file.executescript(_TABLES)

    def close(self) -> None:
        self._file.close()

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        self._file.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def put_keys(self, keys: Iterable[KeyValue]) -> None:
        """Add new keys and replace those that changed. Leases are seconds."""
        rows = ((encode_key(key), revision, created, lease, value) for key, value, revision, created, lease in keys)
        self._file.executemany(_PUT, rows)

    def keep_keys(self, names: Iterable[str]) -> None:
        """Remove all other keys."""
        self._file.execute("DELETE FROM kept")
        self._file.executemany("INSERT INTO kept VALUES (CAST(? AS TEXT))", ((encode_key(name),) for name in names))
        # EXCEPT compares the indexes of both tables; NOT IN would read all values.
        self._file.execute("DELETE FROM live WHERE name IN (SELECT name FROM live EXCEPT SELECT name FROM kept)")

    def count_keys(self) -> int:
        return int(self._file.execute("SELECT count(*) FROM live").fetchone()[0])

    def renumber_shared(self, revision: int) -> int:
        """
        The number of keys that get an id above `revision` because a key before them in the same transaction has theirs.
        """
        self._file.execute("DELETE FROM renumbered")
        return self._file.execute(_RENUMBER, (revision,)).rowcount

    def read_rows(self, after: int) -> Iterator[Row]:
        """The rows of all keys, without those of etcd and its manager themselves, in the order of their ids."""
        return itertools.chain(self.read_own_rows(after), self._select_rows(_RENUMBERED_ROWS, after))

    def read_own_rows(self, after: int) -> Iterator[Row]:
        """The same without the keys whose id is not their revision."""
        return self._select_rows(_ROWS, after)

    def _select_rows(self, query: str, after: int) -> Iterator[Row]:
        for number, name, created, lease, value in self._file.execute(query, (after,)):
            yield live_row(number, name, created, (lease, value))
