"""
A backup as one file: gzip over a line of manifest, blocks of rows (their length in four bytes before each, 0 after the
last) and a line of sums. Read and written block by block: memory does not grow with the store.
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

from kinetune.model.backup import Backup, Manifest, Sums, damaged, head, manifest_of, sums_of, tail
from kinetune.model.failure import Refused, UsageFailure

BLOCK = 256 * 1024
LONGEST_LINE = 4 * 1024 * 1024
LEVEL = 3
"""Of gzip: half the time of 6 for a tenth more bytes, measured on values as a cluster has them."""
NEXT_STEPS = {
    errno.ENOENT: "create its folder first",
    errno.ENOSPC: "free space, or name a file on another disk",
    errno.EFBIG: "raise ulimit -f, or name a file elsewhere",
}


class Tally:
    """Sums of rows as they pass, block by block of whole lines."""

    def __init__(self) -> None:
        self.rows = self.bytes = 0
        self._hash = hashlib.sha256()
        self.max_id: int | None = None

    def add(self, block: bytes) -> None:
        """Rows come sorted by id: the last one's is the newest. ValueError where these are no rows."""
        if not block.endswith(b"\n"):
            raise ValueError("a row is cut short")
        last = block.rfind(b"\n", 0, -1) + 1
        self.max_id = int(block[last : block.index(b"\t", last)])
        self.rows += block.count(b"\n")
        self.bytes += len(block)
        self._hash.update(block)

    def sums(self, last_id: int) -> Sums:
        return Sums(self.rows, self.max_id, last_id, self.bytes, self._hash.hexdigest())


class Writer:
    """Takes rows for an open file, and gathers them into blocks."""

    def __init__(self, stream: BufferedIOBase, manifest: Manifest) -> None:
        self.tally = Tally()
        self._stream, self._rows, self._size = stream, list[bytes](), 0
        stream.write(head(manifest))

    def add(self, rows: bytes) -> None:
        self._rows.append(rows)
        self._size += len(rows)
        if self._size >= BLOCK:
            self._flush()

    def end(self, last_id: int) -> Sums:
        if self._rows:
            self._flush()
        sums = self.tally.sums(last_id)
        self._stream.write((0).to_bytes(4) + tail(sums))
        return sums

    def _flush(self) -> None:
        block = b"".join(self._rows)
        self._rows, self._size = [], 0
        self.tally.add(block)
        self._stream.write(len(block).to_bytes(4) + block)


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """
    A file for its owner alone (0600), whole or not at all: beside its place until all is on the disk.

    What a killed run has left beside it is used again. UsageFailure where it cannot be written, Refused where another
    process is writing it.
    """
    beside = path.with_name(f".{path.name}.part")
    with told(path):
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as stream:
            _own(descriptor)
            _hold(descriptor, path)
            try:
                os.ftruncate(descriptor, 0)
                os.fchmod(descriptor, 0o600)
                yield stream
                stream.flush()
                os.fsync(descriptor)
                refuse_taken(path)
                beside.rename(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
        _sync(path.parent)


@contextlib.contextmanager
def compressed(stream: BinaryIO) -> Iterator[gzip.GzipFile]:
    with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=stream) as packed:
        yield packed


def read(path: Path) -> Backup:
    """The whole file, each row summed up: UsageFailure where anything is not as it was written."""
    tally = Tally()
    with _opened(path) as stream:
        manifest = manifest_of(stream.readline(LONGEST_LINE), str(path))
        for block in _blocks(stream, path):
            tally.add(block)
        sums = sums_of(stream.readline(LONGEST_LINE), str(path))
        if stream.read(1):
            raise damaged(str(path), "something follows its end")
    if sums != tally.sums(sums.last_id):
        raise damaged(str(path), "its rows are not those that were written")
    return Backup(manifest, sums)


def manifest(path: Path) -> Manifest:
    """Of the file's first line alone: UsageFailure where it is no backup."""
    with _opened(path) as stream:
        return manifest_of(stream.readline(LONGEST_LINE), str(path))


def blocks(path: Path) -> Iterator[bytes]:
    """The rows, as COPY takes them. The file must have been read() before."""
    with _opened(path) as stream:
        stream.readline(LONGEST_LINE)
        yield from _blocks(stream, path)


def refuse_taken(path: Path) -> None:
    """A backup is never written over: it may be the only copy."""
    if path.exists() or path.is_symlink():
        raise UsageFailure(f"{path} exists already", "name a file that does not")


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        step = NEXT_STEPS.get(error.errno or 0, "name a file in a folder you may write to")
        raise UsageFailure(f"nothing was changed: cannot write {path}: {error.strerror}", step) from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[gzip.GzipFile]:
    try:
        with gzip.open(path, "rb") as stream:
            yield stream
    except EOFError:
        raise damaged(str(path), "it is cut short") from None
    except (gzip.BadGzipFile, zlib.error, ValueError):
        if _is_gzip(path):
            raise damaged(str(path), "its bytes are not those that were written") from None
        manifest_of(b"", str(path))
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "name a file that can be read") from None


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _blocks(stream: gzip.GzipFile, path: Path) -> Iterator[bytes]:
    while length := int.from_bytes(_exactly(stream, 4, path)):
        yield _exactly(stream, length, path)


def _exactly(stream: gzip.GzipFile, length: int, path: Path) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise damaged(str(path), "it is cut short")
    return found


def _own(descriptor: int) -> None:
    """In a folder for everybody the file may have been put there to be read by another."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
        raise PermissionError(errno.EPERM, "a file of somebody else's is in its place")


def _hold(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(f"nothing was changed: another kinetune is writing {path}", "wait for it to end") from None


def _sync(folder: Path) -> None:
    """The name is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
