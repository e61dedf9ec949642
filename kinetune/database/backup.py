"""
Back up the table kine in one snapshot: its definition, its rows sorted by id, then the last value of its sequence.

The sequence is read last, because a sequence is not part of a snapshot: its value must not be lower than any id in the
backup.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kinetune import __version__
from kinetune.database.backup_file import BackupWriter, RunningSums, create_file, gzip_stream, read_backup
from kinetune.database.observe import observe_store, read_last_id
from kinetune.database.session import Row, Session, translate_errors
from kinetune.model.backup import Backup, BackupSums, Manifest, StoredGrant, StoredIndex
from kinetune.model.facts import Facts
from kinetune.model.failure import Refused
from kinetune.quoting import identifier

ReportRows = Callable[[int], None]
OUTPUT_FORMAT = {
    "client_encoding": "UTF8",
    "bytea_output": "hex",
    "DateStyle": "ISO",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
}
"""Settings under which the same row has the same text on every server: checksums are compared across servers."""


def take_backup(session: Session, path: Path, settings: dict[str, str], report: ReportRows) -> Backup:
    """
    Write the table to a file, read the file back and compare its checksum. `report` gets the number of rows so far.

    The session is a reading one without statement_timeout. Raises UsageFailure if the file cannot be written; then no
    file is left.
    """
    with create_file(path) as stream, gzip_stream(stream) as packed, consistent_snapshot(session):
        manifest = describe_table(session, observe_store(session), settings)
        writer = BackupWriter(packed, manifest)
        for rows in copy_rows(session, f"{identifier(manifest.schema)}.kine", manifest.copied):
            writer.add(rows)
            report(writer.tally.rows)
        sums = writer.finish(read_last_id(session) or 0)
    # A damaged disk or network file system can lose bytes without reporting an error, and `drop` deletes the original
    # next.
    found = read_backup(path)
    if found != Backup(manifest, sums):
        raise Refused(
            f"nothing was dropped: {path} differs from what was written to it", "write the backup to another disk"
        )
    return found


def compute_sums(session: Session, report: ReportRows) -> BackupSums:
    """The sums that a backup would have now. Writes no file."""
    with consistent_snapshot(session):
        manifest, tally = describe_table(session, observe_store(session), {}), RunningSums()
        for rows in copy_rows(session, f"{identifier(manifest.schema)}.kine", manifest.copied):
            tally.add(rows)
            report(tally.rows)
        return tally.sums(read_last_id(session) or 0)


def describe_table(session: Session, facts: Facts, settings: dict[str, str]) -> Manifest:
    """The definition of the table: everything in a backup except its rows and sums."""
    (source,) = session.query_file("backup_source")
    table = facts.table
    assert table is not None
    assert table.primary_key is not None
    assert table.sequence is not None, "refuse_foreign_table guarantees it"
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
        # Kine looks for the name of the constraint, which may differ from that of its index.
        primary_key=replace(key.index, name=key.constraint or key.index.name),
        sequence=table.sequence,
        indexes=tuple(_stored_indexes(facts, source)),
        settings=settings,
        grants=tuple(StoredGrant(**row) for row in source["grants"]),
    )


def _stored_indexes(facts: Facts, source: Row) -> Iterator[StoredIndex]:
    assert facts.table is not None
    for name, definition in zip(source["names"], source["definitions"], strict=True):
        observed = facts.table.index(name)
        if observed is not None:
            columns = [*(key.column for key in observed.index.keys), *observed.index.include]
            # An index on an expression can only be recreated from the text of the server.
            yield StoredIndex(observed.index, definition, whole="(expression)" not in columns)


@contextlib.contextmanager
def consistent_snapshot(session: Session) -> Iterator[None]:
    """Everything that is read inside is of one moment, except values of sequences."""
    set_output_format(session)
    # psycopg's transaction() sends a plain BEGIN, which uses this default.
    session.set_parameter("default_transaction_isolation", "repeatable read")
    with session.connection.transaction():
        yield


def set_output_format(session: Session) -> None:
    for name, value in OUTPUT_FORMAT.items():
        session.set_parameter(name, value)


def copy_rows(session: Session, table: str, columns: tuple[str, ...]) -> Iterator[bytes]:
    """Rows in the text format of COPY, sorted by id. `table` is a quoted name."""
    names = ", ".join(map(identifier, columns))
    statement = f"COPY (SELECT {names} FROM {table} ORDER BY id) TO STDOUT".encode()  # noqa: S608 - identifiers only
    with translate_errors(session.connection.info.user), session.connection.cursor().copy(statement) as copy:
        for rows in copy:
            yield bytes(rows)
