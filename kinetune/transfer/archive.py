"""
Archives: kinetune's own copy of a store, as a source and as a target.

A gzip stream of: one line with the manifest; blocks of rows, each after its length in four bytes; a length of 0; one
line with the sums. It is read and written block by block, so memory does not grow with the store.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import shutil
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from kinetune import __version__
from kinetune.database.private_file import create_file, translate_write_errors
from kinetune.formatting import format_bytes, format_time
from kinetune.kine.keyspace import COMPACTION_MARK
from kinetune.model.backup import (
    TEXT_ROWS,
    Backup,
    BackupSums,
    Manifest,
    TableDefinition,
    damaged_backup,
    manifest_line,
    parse_manifest,
    parse_sums,
    sums_line,
)
from kinetune.model.failure import Refused, UsageFailure
from kinetune.model.transfer import SourceKind, SourceState
from kinetune.transfer.archive_rows import decode_rows, decode_text, encode_rows
from kinetune.transfer.rows import Batch
from kinetune.transfer.source import Source

ReportRows = Callable[[int], None]
# A manifest has a few KiB. A file that is not a backup may be one line of any length.
LONGEST_LINE = 4 * 1024 * 1024
GZIP_LEVEL = 1
"""A third faster than level 3 for 6 % more bytes, measured on values like those of a cluster (`bench move`)."""
SAMPLE_BYTES = 8 * 1024 * 1024
"""After so many bytes the size of the whole file is estimated and compared with the free space."""


class ArchiveSource(Source):
    """The rows of an archive whose bytes were verified."""

    def __init__(self, path: Path, backup: Backup) -> None:
        self.path, self.backup = path, backup
        manifest, sums = backup.manifest, backup.sums
        taken = f"copy of {manifest.source.place}, taken {format_time(manifest.taken_at.timestamp())}"
        self.state = SourceState(
            SourceKind.ARCHIVE,
            str(path),
            f"kinetune {manifest.kinetune}",
            revision=sums.max_id or 0,
            rows=sums.rows,
            last_id=sums.last_id or None,
            compacted=backup.compacted,
            notes=(taken,),
        )

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        with _open_archive(self.path) as stream:
            schema, manifest = parse_manifest(stream.readline(LONGEST_LINE), str(self.path))
            for block in _iterate_blocks(stream, self.path):
                batch = _decode_block(block, schema, manifest)
                if batch[0][0] <= after:
                    batch = [row for row in batch if row[0] > after]
                if batch:
                    yield batch

    def refresh(self) -> None:
        """A file that was verified does not change."""

    def find_writers(self) -> tuple[str, ...]:
        return ()


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[ArchiveSource]:
    """Read the whole file and verify its sums first. UsageFailure if any byte differs from what was written."""
    yield ArchiveSource(path, read_backup(path))


def write_archive(
    path: Path, source: Source, definition: TableDefinition | None = None, report: ReportRows = lambda _: None
) -> Backup:
    """
    Write all rows to a new file of mode 0600, read it again and compare its checksum. `report` gets the number of rows.

    Raises UsageFailure if the file cannot be written, Refused if it does not read as it was written; no file is left.
    """
    manifest = Manifest(__version__, datetime.now(UTC), source.state, definition)
    tally = _RunningSums()

    def verify(written: Path) -> None:
        # A damaged disk or network file system can lose bytes without an error, and `drop` deletes the original next.
        if read_backup(written) != Backup(manifest, tally.finish(source.state.last_id or 0), compacted=tally.compacted):
            raise Refused(f"{path} differs from what was written to it", "write the backup to another disk")

    with create_file(path, verify) as file, gzip_writer(file) as packed:
        packed.write(manifest_line(manifest))
        for batch in source.read_rows():
            block = encode_rows(batch)
            packed.write(len(block).to_bytes(4) + block)
            is_sampled = tally.bytes < SAMPLE_BYTES <= tally.bytes + len(block)
            tally.add(block, batch)
            if is_sampled:
                _require_space(path, file.tell() * source.state.rows // tally.rows)
            report(tally.rows)
        packed.write((0).to_bytes(4) + sums_line(tally.finish(source.state.last_id or 0)))
    return Backup(manifest, tally.finish(source.state.last_id or 0), compacted=tally.compacted)


def sum_rows(source: Source, report: ReportRows) -> BackupSums:
    """The sums that an archive of this source would have. Writes no file."""
    tally = _RunningSums()
    for batch in source.read_rows():
        tally.add(encode_rows(batch), batch)
        report(tally.rows)
    return tally.finish(source.state.last_id or 0)


def read_backup(path: Path) -> Backup:
    """Read the whole file and verify its sums. UsageFailure if any byte differs from what was written."""
    tally = _RunningSums()
    with _open_archive(path) as stream:
        schema, manifest = parse_manifest(stream.readline(LONGEST_LINE), str(path))
        for block in _iterate_blocks(stream, path):
            tally.add(block, _decode_block(block, schema, manifest))
        sums = parse_sums(stream.readline(LONGEST_LINE), str(path))
        # Reading up to the end also makes gzip verify its own checksum.
        if stream.read(1):
            raise damaged_backup(str(path), "there is data after its end")
    if sums != tally.finish(sums.last_id):
        raise damaged_backup(str(path), "its rows do not match its checksum")
    return Backup(manifest, sums, schema, tally.compacted)


def read_manifest(path: Path) -> Manifest:
    """The manifest, from the first line of the file alone. UsageFailure if it is not a backup."""
    with _open_archive(path) as stream:
        return parse_manifest(stream.readline(LONGEST_LINE), str(path))[1]


@contextlib.contextmanager
def gzip_writer(stream: BinaryIO) -> Iterator[gzip.GzipFile]:
    # No name in the gzip header: it would be the temporary one.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=stream) as packed:
        yield packed


class _RunningSums:
    """Sums of rows, updated block by block."""

    def __init__(self) -> None:
        self.rows = self.bytes = self.compacted = 0
        self._max_id: int | None = None
        self._hash = hashlib.sha256()

    def add(self, block: bytes, batch: Batch) -> None:
        """Add a block and its rows, which are sorted by id. ValueError if they are not rows of a store."""
        if not batch or batch[0][0] <= (self._max_id or 0):
            raise ValueError("the rows are not in the order of their ids")
        self._max_id = batch[-1][0]
        self.rows += len(batch)
        self.bytes += len(block)
        self._hash.update(block)
        self.compacted = max(self.compacted, *(row[5] for row in batch if row[1] == COMPACTION_MARK), 0)

    def finish(self, last_id: int) -> BackupSums:
        return BackupSums(self.rows, self._max_id, last_id, self.bytes, self._hash.hexdigest())


def _require_space(path: Path, estimate: int) -> None:
    """Raise UsageFailure if not even half of the estimated size is free: the first rows may be larger than others."""
    with translate_write_errors(path):
        free = shutil.disk_usage(path.parent).free
    if free < estimate // 2:
        raise UsageFailure(
            f"nothing was changed: {path} needs about {format_bytes(estimate)}, and {format_bytes(free)} are free",
            "free space, or name a file on another disk",
        )


def _decode_block(block: bytes, schema: int, manifest: Manifest) -> Batch:
    if schema != TEXT_ROWS:
        return decode_rows(block)
    assert manifest.definition is not None
    return decode_text(block, manifest.definition.text_columns)


@contextlib.contextmanager
def _open_archive(path: Path) -> Iterator[gzip.GzipFile]:
    try:
        with gzip.open(path, "rb") as stream:
            yield stream
    except EOFError:
        raise damaged_backup(str(path), "it is truncated") from None
    except (gzip.BadGzipFile, zlib.error, ValueError):
        # Damage inside a gzip file and a file of another kind raise the same exceptions.
        if _is_gzip(path):
            raise damaged_backup(str(path), "its bytes differ from what was written") from None
        parse_manifest(b"", str(path))  # always raises: the file is not a backup
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "check the path and its permissions") from None


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _iterate_blocks(stream: gzip.GzipFile, path: Path) -> Iterator[bytes]:
    while length := int.from_bytes(_read_exactly(stream, 4, path)):
        yield _read_exactly(stream, length, path)


def _read_exactly(stream: gzip.GzipFile, length: int, path: Path) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise damaged_backup(str(path), "it is truncated")
    return found
