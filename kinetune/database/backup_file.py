"""
The file format of a backup.

A gzip stream of: one line with the manifest; blocks of rows, each after its length in four bytes; a length of 0; one
line with the sums. It is read and written block by block, so memory does not grow with the store.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO

from kinetune.model.backup import (
    Backup,
    BackupSums,
    Manifest,
    damaged_backup,
    manifest_line,
    parse_manifest,
    parse_sums,
    sums_line,
)
from kinetune.model.failure import Refused, UsageFailure

BLOCK_BYTES = 256 * 1024
# A manifest has a few KiB. A file that is not a backup may be one line of any length.
LONGEST_LINE = 4 * 1024 * 1024
GZIP_LEVEL = 3
"""Level of gzip: half the time of level 6 for a tenth more bytes, measured on values like those of a cluster."""
NEXT_STEPS = {
    errno.ENOENT: "create its folder first",
    errno.ENOSPC: "free space, or name a file on another disk",
    errno.EFBIG: "raise ulimit -f, or name a file elsewhere",
}


class RunningSums:
    """Sums of rows, updated block by block. A block consists of whole lines."""

    def __init__(self) -> None:
        self.rows = self.bytes = 0
        self._hash = hashlib.sha256()
        self.max_id: int | None = None

    def add(self, block: bytes) -> None:
        """Add a block. Rows are sorted by id, so the last one has the largest. ValueError if these are not rows."""
        if not block.endswith(b"\n"):
            raise ValueError("a row is cut short")
        last = block.rfind(b"\n", 0, -1) + 1
        self.max_id = int(block[last : block.index(b"\t", last)])
        self.rows += block.count(b"\n")
        self.bytes += len(block)
        self._hash.update(block)

    def sums(self, last_id: int) -> BackupSums:
        return BackupSums(self.rows, self.max_id, last_id, self.bytes, self._hash.hexdigest())


class BackupWriter:
    """Writes a backup to an open stream. Rows are collected into blocks of BLOCK_BYTES."""

    def __init__(self, stream: BufferedIOBase, manifest: Manifest) -> None:
        self.tally = RunningSums()
        self._stream, self._rows, self._size = stream, list[bytes](), 0
        stream.write(manifest_line(manifest))

    def add(self, rows: bytes) -> None:
        self._rows.append(rows)
        self._size += len(rows)
        if self._size >= BLOCK_BYTES:
            self._flush()

    def finish(self, last_id: int) -> BackupSums:
        if self._rows:
            self._flush()
        sums = self.tally.sums(last_id)
        self._stream.write((0).to_bytes(4) + sums_line(sums))
        return sums

    def _flush(self) -> None:
        block = b"".join(self._rows)
        self._rows, self._size = [], 0
        self.tally.add(block)
        self._stream.write(len(block).to_bytes(4) + block)


@contextlib.contextmanager
def create_file(path: Path) -> Iterator[BinaryIO]:
    """
    Create a file with mode 0600, complete or not at all: it has a temporary name until all its bytes are on the disk.

    The temporary file of a killed run is reused. Raises UsageFailure if the file cannot be written, Refused if another
    process is writing it.
    """
    temporary = path.with_name(f".{path.name}.part")
    with translate_write_errors(path):
        # O_NOFOLLOW: in a shared directory, a symbolic link of that name could lead to any file of this user.
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as stream:
            _require_own_file(descriptor)
            _lock_file(descriptor, path)
            try:
                # Only after the lock is held: another kinetune may be writing this file.
                os.ftruncate(descriptor, 0)
                # A leftover of a killed run, or a file created under another umask, may be readable by others.
                os.fchmod(descriptor, 0o600)
                yield stream
                stream.flush()
                os.fsync(descriptor)
                # Checked again, because rename() would replace a file that was created in the meantime.
                refuse_existing(path)
                temporary.rename(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)


@contextlib.contextmanager
def gzip_stream(stream: BinaryIO) -> Iterator[gzip.GzipFile]:
    # No name in the gzip header: it would be the temporary one.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=stream) as packed:
        yield packed


def read_backup(path: Path) -> Backup:
    """Read the whole file and verify its sums. UsageFailure if any byte differs from what was written."""
    tally = RunningSums()
    with _open_backup(path) as stream:
        manifest = parse_manifest(stream.readline(LONGEST_LINE), str(path))
        for block in _iterate_blocks(stream, path):
            tally.add(block)
        sums = parse_sums(stream.readline(LONGEST_LINE), str(path))
        # Reading up to the end also makes gzip verify its own checksum.
        if stream.read(1):
            raise damaged_backup(str(path), "there is data after its end")
    if sums != tally.sums(sums.last_id):
        raise damaged_backup(str(path), "its rows do not match its checksum")
    return Backup(manifest, sums)


def read_manifest(path: Path) -> Manifest:
    """The manifest, from the first line of the file alone. UsageFailure if it is not a backup."""
    with _open_backup(path) as stream:
        return parse_manifest(stream.readline(LONGEST_LINE), str(path))


def read_blocks(path: Path) -> Iterator[bytes]:
    """Blocks of rows in the text format of COPY. Verify the file with read_backup() first."""
    with _open_backup(path) as stream:
        stream.readline(LONGEST_LINE)
        yield from _iterate_blocks(stream, path)


def refuse_existing(path: Path) -> None:
    """Raise UsageFailure for an existing file: it may be the only backup of another store."""
    if path.exists() or path.is_symlink():
        raise UsageFailure(f"{path} already exists", "name a new file")


@contextlib.contextmanager
def translate_write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        step = NEXT_STEPS.get(error.errno or 0, "name a file in a folder that you may write to")
        raise UsageFailure(f"nothing was changed: cannot write {path}: {error.strerror}", step) from error


@contextlib.contextmanager
def _open_backup(path: Path) -> Iterator[gzip.GzipFile]:
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


def _require_own_file(descriptor: int) -> None:
    """In a shared directory such as /tmp, another user may have created the file to read the backup later."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
        raise PermissionError(errno.EPERM, "its temporary file belongs to another user")


def _lock_file(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(f"nothing was changed: another kinetune is writing {path}", "wait until it ends") from None


def _sync_folder(folder: Path) -> None:
    """Flush the directory: after a crash the new name must be on the disk too, not only the bytes of the file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
