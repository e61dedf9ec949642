"""
A SQLite store of K3s or Kine, read from a private copy.

The backup API makes the copy: 0.3 s for 143 MB. A long read of the live file would stop Kine, whose checkpoint after a
compaction blocks every writer until the reader ends; a copy by `cp` lacks what is in the write-ahead log, and so does a
read with immutable=1 (docs/facts/moving.md §0.8, §4).
"""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kinetune.formatting import format_count
from kinetune.kine.keyspace import COMPACTION_MARK
from kinetune.kine.releases import releases_by_nulls
from kinetune.kine.schema import TABLE
from kinetune.model.failure import CouldNotLook, Failure, UsageFailure
from kinetune.model.transfer import SourceKind, SourceState
from kinetune.transfer.open_files import find_users
from kinetune.transfer.rows import BATCH_ROWS, COLUMN_NAMES, Batch, Row, batch_rows
from kinetune.transfer.scratch_folder import require_free_space, scratch_folder
from kinetune.transfer.source import Source

LIVE_SECONDS = 5.0
"""How long a read of the live file waits for a lock, which a checkpoint or a recovery of the log holds."""
K3S_FILES = ("state.db", "db/state.db", "server/db/state.db", "k3s/server/db/state.db")
"""Where a store is below a folder that a user may name instead: up to K3s' data folder and the one above it."""
# The casts: up to v0.16.2 the column name was declared INTEGER, so a key of digits is a number, and a row that was
# inserted by hand may have a text as its value.
_COLUMNS = """
id, coalesce(CAST(name AS TEXT), ''), coalesce(created, 0), coalesce(deleted, 0), coalesce(create_revision, 0),
coalesce(prev_revision, 0), coalesce(lease, 0), CAST(value AS BLOB), CAST(old_value AS BLOB)
"""
SELECT_ROWS = f"SELECT {_COLUMNS} FROM {TABLE}"  # noqa: S608 - constants alone
ROWS = f"{SELECT_ROWS} WHERE id > ? AND id <= ? ORDER BY id"
PAGE = f"{ROWS} LIMIT {BATCH_ROWS}"
COMPACTIONS = f"{SELECT_ROWS} WHERE name = '{COMPACTION_MARK}' AND id <= ? ORDER BY id"
# Without an index, as all rows are read: an index may be damaged, and lack some of them.
IDS = f"SELECT id FROM {TABLE} NOT INDEXED WHERE id <= ? ORDER BY id"  # noqa: S608 - constants alone
POSITION = f"""
SELECT (SELECT coalesce(max(id), 0) FROM {TABLE} NOT INDEXED), (SELECT count(*) FROM {TABLE}),
    (SELECT max(seq) FROM sqlite_sequence WHERE name = '{TABLE}'),
    (SELECT max(prev_revision) FROM {TABLE} WHERE name = '{COMPACTION_MARK}')
"""  # noqa: S608 - constants alone
NEWEST_CREATE = f"SELECT create_revision IS NULL FROM {TABLE} WHERE created = 1 ORDER BY id DESC LIMIT 1"  # noqa: S608
_INTEGERS = ("created", "deleted", "create_revision", "prev_revision", "lease")
# Columns of SQLite take values of any type.
UNUSABLE = f"SELECT id FROM {TABLE} WHERE " + " OR ".join(  # noqa: S608 - constants alone
    f"typeof({name}) NOT IN ('integer', 'null')" for name in _INTEGERS
)
NUMBERS = f"SELECT count(*) FROM {TABLE} WHERE typeof(name) <> 'text'"  # noqa: S608 - constants alone


@contextlib.contextmanager
def open_sqlite(path: Path) -> Iterator[Source]:
    """
    The store in a file, copied and checked.

    UsageFailure if it is not a store of Kine, CouldNotLook if it is damaged, locked or needs another user.
    """
    _require_file(path)
    with scratch_folder() as folder:
        yield SqliteSource(path, folder)


class SqliteSource(Source):
    """
    A view ends at the newest id of the moment when it was opened or refreshed.

    refresh() reads little of the live file. After it, read_rows(after) with an `after` above 0 takes pages from the
    live file, each a read of its own that ends after milliseconds: a pass of --follow is not worth a copy. No row
    appears below the newest id later, because SQLite has one writer. All else is read from a copy, which is made again
    when it is older than the view.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._copy = path, folder / "copy.db"
        self._make_copy()
        with _open_file(self._copy, path) as copy:
            state = SourceState(SourceKind.SQLITE, f"sqlite:{path}", _name_versions(path, copy), 0, 0)
            self.state = _with_position(replace(state, notes=tuple(_find_notes(path, copy))), copy)

    def refresh(self) -> None:
        with _open_file(self._path, self._path) as live:
            self.state = _with_position(self.state, live)
        self._is_current = False

    def find_writers(self) -> tuple[str, ...]:
        return find_users(self._path)

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        if after and not self._is_current:
            return self._read_pages(after)
        return batch_rows(self._read_copy(ROWS, (after, self.state.revision)))

    def read_ids(self) -> Iterator[int]:
        return (row[0] for row in self._read_copy(IDS, (self.state.revision,)))

    def read_compactions(self) -> list[Row]:
        return list(self._read_copy(COMPACTIONS, (self.state.revision,)))

    def _read_copy(self, query: str, arguments: tuple[int, ...]) -> Iterator[Any]:
        if not self._is_current:
            self._make_copy()
        with _open_file(self._copy, self._path) as copy:
            yield from copy.execute(query, arguments)

    def _read_pages(self, after: int) -> Iterator[Batch]:
        while True:
            # A connection for each page: between two pages nothing of the live file is open, so that Kine can stop and
            # remove the log, and find_users() frees no lock of this process.
            with _open_file(self._path, self._path) as live:
                rows = live.execute(PAGE, (after, self.state.revision))
                batch = next(batch_rows(rows), None)
                rows.close()
            if not batch:
                return
            yield batch
            after = batch[-1][0]

    def _make_copy(self) -> None:
        # SQLite resolves links too, and has the log beside the file itself.
        size = sum(_size_of(Path(f"{self._path.resolve()}{end}")) for end in ("", "-wal"))
        require_free_space(self._copy.parent, size, f"a private copy of {self._path}")
        self._copy.unlink(missing_ok=True)
        os.close(os.open(self._copy, os.O_CREAT | os.O_EXCL, 0o600))
        with _open_file(self._path, self._path) as live, _open_file(self._copy, self._path, "rw") as copy:
            # Before backup(), which would wait for ever for a file that another process has locked.
            _require_table(live, self._path)
            copy.execute("PRAGMA synchronous = OFF")
            # All pages in one step: a copy by parts starts again after each write of Kine.
            live.backup(copy, pages=-1)
            # Without a log of its own the copy can be read in a folder of one file.
            copy.execute("PRAGMA journal_mode = OFF")
            # The table alone, without its indexes: a full check takes several times as long.
            problems = [row[0] for row in copy.execute(f"PRAGMA quick_check({TABLE})")]
            unusable = copy.execute(UNUSABLE).fetchone()
        if problems != ["ok"]:
            raise _damaged(self._path)
        if unusable:
            raise UsageFailure(
                f"row {unusable[0]} of {self._path} has a text or a fraction where Kine has an integer",
                "correct it, or name another copy",
            )
        self._is_current = True


@contextlib.contextmanager
def _open_file(file: Path, place: Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """A connection to the live file or the copy. Raises Failures that name `place`, the file of the user."""
    try:
        address = f"file:{quote(str(file))}?mode={mode}"
        with contextlib.closing(
            sqlite3.connect(address, uri=True, timeout=LIVE_SECONDS, isolation_level=None)
        ) as found:
            # Keys that are not UTF-8 are found by the census; strict decoding would end the read here.
            found.text_factory = functools.partial(str, encoding="utf-8", errors="surrogateescape")
            yield found
    except sqlite3.Error as error:
        raise _failure_from(error, place) from error


def _failure_from(error: sqlite3.Error, path: Path) -> Failure:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_NOTADB":
        return UsageFailure(f"{path} is not a SQLite database", _name_k3s_file(path))
    if name.startswith("SQLITE_CORRUPT"):
        return _damaged(path)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return CouldNotLook(
            f"cannot read {path} with its write-ahead log: no permission to write to {path.parent}, where SQLite keeps "
            "the locks of its readers",
            "run as root or as the owner of the file",
        )
    if name.startswith("SQLITE_BUSY"):
        return CouldNotLook(f"cannot read {path}: another process has it locked", "try again")
    if name == "SQLITE_FULL":
        return UsageFailure(f"no space is left for a private copy of {path}", "set TMPDIR to a folder with more space")
    return CouldNotLook(f"cannot read {path}: {error}")


def _damaged(path: Path) -> CouldNotLook:
    return CouldNotLook(
        f"cannot read {path}: the file is damaged or cut",
        "name a complete copy, made with sqlite3 FILE '.backup COPY' or with the store stopped, together with its -wal",
    )


def _require_file(path: Path) -> None:
    """Raise UsageFailure for a folder, a log of SQLite or a missing file. It names the file that was meant."""
    for ending in ("-wal", "-shm", "-journal"):
        if path.name.endswith(ending):
            raise UsageFailure(f"{path} is a part of a SQLite database", f"name {str(path).removesuffix(ending)}")
    try:
        if not path.is_dir():
            with path.open("rb"):
                return
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "check the path, and run as root") from None
    raise UsageFailure(f"{path} is a folder", _name_k3s_file(path))


def _name_k3s_file(path: Path) -> str:
    """The next step for a user who named another file or a folder of K3s."""
    folder = path if path.is_dir() else path.parent
    for name in K3S_FILES:
        if (found := folder / name).is_file() and found != path:
            return f"name sqlite:{found}"
    if (folder / "etcd" / "member").is_dir() or (folder / "server" / "db" / "etcd" / "member").is_dir():
        return "this K3s uses its embedded etcd: name etcd://127.0.0.1:2379 or etcd-snapshot:FILE"
    return "K3s has its store in /var/lib/rancher/k3s/server/db/state.db"


def _require_table(connection: sqlite3.Connection, path: Path) -> None:
    columns = {row[0] for row in connection.execute(f"SELECT name FROM pragma_table_info('{TABLE}')")}  # noqa: S608
    if not columns:
        raise UsageFailure(f"{path} has no table {TABLE}: it is not a store of Kine", _name_k3s_file(path))
    if missing := [name for name in COLUMN_NAMES if name not in columns]:
        raise UsageFailure(f"table {TABLE} of {path} has no column {missing[0]}", "name a store of Kine")


def _find_notes(path: Path, connection: sqlite3.Connection) -> Iterator[str]:
    if numbers := connection.execute(NUMBERS).fetchone()[0]:
        yield f"{format_count(numbers, 'row')} with a key that Kine before v0.16.3 stored as a number"
    if (path.parent / "etcd" / "member").is_dir():
        yield f"{path.parent / 'etcd'} holds an embedded etcd, which K3s uses instead of this file"


def _with_position(state: SourceState, connection: sqlite3.Connection) -> SourceState:
    newest, rows, last_id, compacted = connection.execute(POSITION).fetchone()
    return replace(state, revision=newest, rows=rows, last_id=last_id, compacted=compacted or 0)


def _name_versions(path: Path, connection: sqlite3.Connection) -> str:
    """Of the library that wrote the file last (bytes 96 to 99, sqlite.org/fileformat.html), and of Kine, by a NULL."""
    with path.open("rb") as file:
        number = int.from_bytes(file.read(100)[96:])
    library = f"SQLite {number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}"
    created = connection.execute(NEWEST_CREATE).fetchone()
    return f"{library}, newest rows of Kine {releases_by_nulls(bool(created[0]))}" if created else library


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
