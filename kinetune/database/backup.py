"""Takes a backup of the table kine in one snapshot: rows sorted by id, then the sequence."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kinetune import __version__
from kinetune.database.backup_file import Tally, Writer, compressed, read, written
from kinetune.database.errors import translated
from kinetune.database.observe import last_id, observe
from kinetune.database.session import Row, Session
from kinetune.model.backup import Backup, Grant, Manifest, StoredIndex, Sums
from kinetune.model.facts import Facts
from kinetune.model.failure import Refused
from kinetune.quoting import identifier

Told = Callable[[int], None]
AS_WRITTEN = {
    "client_encoding": "UTF8",
    "bytea_output": "hex",
    "DateStyle": "ISO",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
}
"""So that the same row is the same text on every server."""


def take(session: Session, path: Path, settings: dict[str, str], told: Told) -> Backup:
    """
    The table as a file, read once more from the disk and found whole. `told` hears the number of rows so far.

    The session reads and has no statement_timeout. Raises UsageFailure where the file cannot be written: then none is.
    """
    with written(path) as stream, compressed(stream) as packed, snapshot(session):
        manifest = described(session, observe(session), settings)
        writer = Writer(packed, manifest)
        for rows in copied(session, f"{identifier(manifest.schema)}.kine", manifest.copied):
            writer.add(rows)
            told(writer.tally.rows)
        sums = writer.end(last_id(session) or 0)
    found = read(path)
    if found != Backup(manifest, sums):
        raise Refused(f"nothing was dropped: {path} does not read as it was written", "take the backup to another disk")
    return found


def sums(session: Session, told: Told) -> Sums:
    """What take() would find now, with nothing written anywhere."""
    with snapshot(session):
        manifest, tally = described(session, observe(session), {}), Tally()
        for rows in copied(session, f"{identifier(manifest.schema)}.kine", manifest.copied):
            tally.add(rows)
            told(tally.rows)
        return tally.sums(last_id(session) or 0)


def described(session: Session, facts: Facts, settings: dict[str, str]) -> Manifest:
    """What is told of the table beside its rows."""
    (source,) = session.ask("backup_source")
    table = facts.table
    assert table is not None
    assert table.primary_key is not None
    assert table.sequence is not None, "refuse_strangers has seen to it"
    key = table.primary_key
    return Manifest(
        kinetune=__version__,
        taken_at=datetime.now(UTC),
        server=str(session.server),
        flavour=session.server.flavour,
        database=facts.database or session.connection.info.dbname,
        schema=table.schema,
        owner=source["owner"],
        columns=table.columns,
        primary_key=replace(key.index, name=key.constraint or key.index.name),
        sequence=table.sequence,
        indexes=tuple(_indexes(facts, source)),
        settings=settings,
        grants=tuple(Grant(**row) for row in source["grants"]),
    )


def _indexes(facts: Facts, source: Row) -> Iterator[StoredIndex]:
    assert facts.table is not None
    for name, definition in zip(source["names"], source["definitions"], strict=True):
        seen = facts.table.index(name)
        if seen is not None:
            columns = [*(key.column for key in seen.index.keys), *seen.index.include]
            yield StoredIndex(seen.index, definition, whole="(expression)" not in columns)


@contextlib.contextmanager
def snapshot(session: Session) -> Iterator[None]:
    """All that is read inside is of one moment; only sequences are not."""
    as_written(session)
    session.change("default_transaction_isolation", "repeatable read")
    with session.connection.transaction():
        yield


def as_written(session: Session) -> None:
    for name, value in AS_WRITTEN.items():
        session.change(name, value)


def copied(session: Session, table: str, columns: tuple[str, ...]) -> Iterator[bytes]:
    """Rows as COPY writes them, sorted by id; of a table by its quoted name."""
    names = ", ".join(map(identifier, columns))
    statement = f"COPY (SELECT {names} FROM {table} ORDER BY id) TO STDOUT".encode()  # noqa: S608 - identifiers only
    with translated(session.connection.info.user), session.connection.cursor().copy(statement) as copy:
        for rows in copy:
            yield bytes(rows)
