"""
How far the write-ahead log of a stopped etcd goes: what its database file lacks.

etcd acknowledges a write when it is in the log, and commits it to the file up to 100 ms later. A log file is a row of
frames: a length of 8 bytes and a walpb.Record, filled up to a multiple of 8 bytes (etcd server/storage/wal/decoder.go).
A log that ends in the middle of a record has a write that was never acknowledged; it counts as one that is lacking.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kinetune.etcd.codec import MalformedMessage, decode_fields

_LENGTH_BYTES = 8
_LENGTH_MASK = (1 << 56) - 1
_IS_PADDED = 1 << 63
_ENTRY, _SNAPSHOT = 2, 5
"""Types of a record (wal.go): an entry of raft, and a snapshot that raft got from another member."""
_NORMAL = 0
"""Type of an entry that is a request; the others change the members."""
_V2 = 2
"""Field that only a request of the v2 API has (member attributes, up to etcd 3.4). It has no keys of v3."""
_WRITES = {4, 5, 6, 9}
"""Fields of InternalRaftRequest (etcd raft_internal.proto): put, delete_range, txn and lease_revoke."""


class LogEnd(NamedTuple):
    """The index of the newest entry, and whether one after the given index may have changed keys, or the members."""

    last_index: int
    has_later_writes: bool = False
    has_later_members: bool = False


def read_log_end(folder: Path, applied: int) -> LogEnd:
    """
    The end of the log in `folder`; `applied` is the index of the newest entry in the database file.

    A part that is missing or cannot be read counts as a later write. Index 0: there is no log. Raises OSError.
    """
    last_index, has_later_writes, has_later_members = 0, False, False
    try:
        for kind, content in (record for file in _choose_files(folder, applied) for record in _read_records(file)):
            if kind == _SNAPSHOT:
                last_index = max(last_index, content.get(1, 0))
            elif kind == _ENTRY:
                last_index = content.get(3, 0)
                if last_index > applied:
                    has_later_members |= content.get(1, _NORMAL) != _NORMAL
                    has_later_writes |= _may_write(content)
    except MalformedMessage:
        has_later_writes = True
    return LogEnd(last_index, has_later_writes, has_later_members)


def _choose_files(folder: Path, applied: int) -> list[Path]:
    """The files from the one with the entry after `applied` on. Their names have the index of their first entry."""
    files = sorted(folder.glob("*.wal"))
    later = [file for file in files if int(file.stem.partition("-")[2], 16) > applied + 1]
    return files[max(0, len(files) - len(later) - 1) :]


def _read_records(file: Path) -> Iterator[tuple[int, dict[int, Any]]]:
    """Type and fields of each entry and snapshot. A length of 0 is space that was reserved."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = 0
        while length := int.from_bytes(data[at : at + _LENGTH_BYTES], "little"):
            at += _LENGTH_BYTES
            end = at + (length & _LENGTH_MASK)
            if end > len(data):
                raise MalformedMessage("a record is cut off")
            record = dict(decode_fields(data[at:end]))
            kind, content = record.get(1), record.get(3)
            if kind in (_ENTRY, _SNAPSHOT):
                if not isinstance(content, bytes):
                    raise MalformedMessage("a record has no data")
                yield kind, dict(decode_fields(content))
            at = end + (length >> 56 & 7 if length & _IS_PADDED else 0)


def _may_write(entry: dict[int, Any]) -> bool:
    """Also true for a transaction whose conditions failed: it is not known without applying it."""
    if entry.get(1, _NORMAL) != _NORMAL:
        return False
    request = entry.get(4, b"")
    if not isinstance(request, bytes):
        raise MalformedMessage("an entry is a number")
    fields = {number for number, _ in decode_fields(request)}  # a new leader's first entry has none
    return _V2 not in fields and not fields.isdisjoint(_WRITES)
