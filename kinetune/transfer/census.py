"""The census of a source: what its rows are, and what would stop a move, in one pass."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

from kinetune.kine.keyspace import COMPACTION_MARK, is_gap_row
from kinetune.model.transfer import BootstrapKey, Census
from kinetune.transfer.rows import Batch, Row

BOOTSTRAP = "/bootstrap/"
"""Where K3s and RKE2 keep their certificates (k3s pkg/cluster/storage.go)."""
ENCRYPTED = b"k8s:enc:"
"""How values begin that the API server has encrypted: k8s:enc:<provider>:v1:<key name>: (docs/facts/moving.md §6)."""
LARGEST_VALUE = 1_572_864
"""etcd's --max-request-bytes, which kube-apiserver is made for: 1.5 MiB."""
SHOWN = 5


def take_census(batches: Iterable[Batch], report: Callable[[int], None] = lambda _: None) -> Census:
    """
    The census of all rows, in the order of their ids. `report` gets the number of rows so far.

    Of a key, the hash of its name and the newest prev_revision are kept: about 130 bytes for each key.
    """
    count = _RunningCensus()
    started = time.monotonic()
    for batch in batches:
        for row in batch:
            count.add_row(row)
        report(count.rows)
    return count.finish(time.monotonic() - started)


class _RunningCensus:
    def __init__(self) -> None:
        self.rows = self.bytes = self.gaps = self.compactions = self.first = self.newest = 0
        self.leases = self.tombstones = 0
        self._replaced: dict[int, int] = {}
        """For each key, by the hash of its name, the prev_revision of its newest row; its complement if deleted."""
        self._encrypted: dict[int, bytes] = {}
        self._bootstrap: dict[str, int] = {}
        self._duplicates: list[tuple[str, int]] = []
        self._unstorable: list[tuple[str, str]] = []
        self._oversized: dict[str, int] = {}

    def add_row(self, row: Row) -> None:
        number, name, _, deleted, _, prev_revision, lease, value, old_value = row
        self.rows += 1
        self.first = self.first or number
        self.newest = number
        size = len(value) if value else 0
        self.bytes += size + (len(old_value) if old_value else 0)
        if name == COMPACTION_MARK:
            self.compactions += 1
            return
        if deleted and is_gap_row(name):
            self.gaps += 1
            return
        key = hash(name)
        self._note_link(key, row)
        self._note_key(name)
        self.leases += lease > 0
        self.tombstones += bool(deleted)
        self._replaced[key] = ~prev_revision if deleted else prev_revision
        self._note_encryption(key, None if deleted else value)
        if name.startswith(BOOTSTRAP):
            self._bootstrap[name] = -1 if deleted else size
        if size > LARGEST_VALUE or name in self._oversized:
            self._oversized[name] = 0 if deleted else size

    def _note_link(self, key: int, row: Row) -> None:
        """
        A row replaces the newest one of its key, so prev_revision rises from row to row. Where it does not, two writes
        replaced the same row, and one of them was lost.
        """
        replaced = self._replaced.get(key)
        if replaced is None or row[5] > max(replaced, ~replaced) or len(self._duplicates) == SHOWN:
            return
        self._duplicates.append((row[1], row[5]))

    def _note_key(self, name: str) -> None:
        if len(self._unstorable) < SHOWN and (why := _why_unstorable(name)):
            self._unstorable.append((name, why))

    def _note_encryption(self, key: int, value: bytes | None) -> None:
        if value is not None and value.startswith(ENCRYPTED):
            self._encrypted[key] = b":".join(value[len(ENCRYPTED) : 200].split(b":", 3)[:3])
        elif self._encrypted:
            self._encrypted.pop(key, None)

    def finish(self, seconds: float) -> Census:
        encrypted = Counter(mark.decode(errors="replace") for mark in self._encrypted.values())
        return Census(
            rows=self.rows,
            bytes=self.bytes,
            live_keys=sum(replaced >= 0 for replaced in self._replaced.values()),
            tombstones=self.tombstones,
            gap_rows=self.gaps,
            first_id=self.first,
            newest_id=self.newest,
            leases=self.leases,
            compactions=self.compactions,
            encrypted=dict(sorted(encrypted.items())),
            bootstrap=tuple(BootstrapKey(name, size) for name, size in self._bootstrap.items() if size >= 0),
            duplicates=tuple(self._duplicates),
            unstorable=tuple(self._unstorable),
            oversized=tuple((name, size) for name, size in self._oversized.items() if size > LARGEST_VALUE),
            seconds=seconds,
        )


def _why_unstorable(name: str) -> str:
    """Why no column of type text can hold the key; empty if it can. Keys of etcd are bytes."""
    if "\0" in name:
        return "contains a NUL byte"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    return ""
