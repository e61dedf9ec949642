"""
A file of etcd as a source of rows: the newest revision of each live key (docs/facts/moving.md §7).

It is a snapshot (`etcdctl snapshot save`, `k3s etcd-snapshot save`, also in K3s' zip) or `member/snap/db` of a stopped
etcd. The revisions are in order in the file, and only the place of the newest one of each live key is remembered.
"""

from __future__ import annotations

import contextlib
import itertools
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from kinetune.etcd.codec import MalformedMessage, decode_fields, decode_key_value, encode_key, read_key
from kinetune.model.failure import CouldNotLook
from kinetune.model.transfer import SourceKind, SourceState
from kinetune.transfer.bolt import BoltFile, DamagedBolt
from kinetune.transfer.etcd_files import check_completeness, damaged, find_file, open_bolt
from kinetune.transfer.live_rows import OWN_KEYS_OF_ETCD, describe_renumbered, live_row
from kinetune.transfer.rows import Batch, Row, batch_rows
from kinetune.transfer.source import Source

_MAIN_BYTES = 8
_REVISION_BYTES = 17
"""Length of a revision: main, `_` and sub; a tombstone has a `t` behind it (etcd server/storage/mvcc/revision.go)."""
_FIRST = bytes(_MAIN_BYTES)
"""The sub of the first change of a transaction."""
_OWN_KEYS = frozenset(map(encode_key, OWN_KEYS_OF_ETCD))
_COMPACTIONS = (b"finishedCompactRev", b"scheduledCompactRev")


@contextlib.contextmanager
def open_snapshot(path: Path) -> Iterator[Source]:
    """
    The snapshot or database in a file, or in a data directory of etcd.

    UsageFailure if it is not one, CouldNotLook if it is damaged, Refused if etcd uses it or the file lacks writes.
    """
    path = find_file(path)
    with open_bolt(path) as bolt:
        yield SnapshotSource(path, bolt)


class SnapshotSource(Source):
    """
    Does not change: the lock on the file keeps an etcd from starting on it.

    Keys that share a revision with another key of their transaction get ids above the newest revision, as from a live
    etcd.
    """

    has_history = False

    def __init__(self, path: Path, bolt: BoltFile) -> None:
        self._path, self._bolt = path, bolt
        with _explain_damage(path):
            meta = bolt.read_values(b"meta")
            self._leases = dict(map(_decode_lease, bolt.read_values(b"lease").values()))
            newest, live, shared = _find_live(bolt)
            self._revision = max(newest, *(_main_of(meta.get(name, b"")) for name in _COMPACTIONS))
            self._live, self._renumbered = _separate_shared(bolt, live) if shared else (live, [])
            completeness = check_completeness(path, bolt)
            version = meta.get(b"storageVersion") or bolt.read_values(b"cluster").get(b"clusterVersion", b"")
        renumbered = len(self._renumbered)
        self.state = SourceState(
            SourceKind.ETCD_SNAPSHOT,
            f"etcd-snapshot:{path}",
            f"of etcd {version.decode(errors='replace')}",
            self._revision + renumbered,
            len(self._live) + renumbered,
            notes=(*completeness.notes, *([describe_renumbered(renumbered)] if renumbered else ())),
            stopped=completeness.proved,
        )

    def refresh(self) -> None:
        """Nothing to do."""

    def find_writers(self) -> tuple[str, ...]:
        return ()

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        return batch_rows(self._read_rows(after))

    def read_ids(self) -> Iterator[int]:
        first = self._revision + 1
        return itertools.chain(map(self._revision_at, self._live), range(first, first + len(self._renumbered)))

    def _read_rows(self, after: int) -> Iterator[Row]:
        with _explain_damage(self._path):
            for at in self._live[bisect_right(self._live, after, key=self._revision_at) :]:
                yield self._read_row(at)
            for number, at in enumerate(self._renumbered, self._revision + 1):
                if number > after:
                    yield self._read_row(at, number)

    def _read_row(self, at: int, number: int = 0) -> Row:
        """The row of the key at that place, with another id than its revision if `number` is given."""
        found, _, start, end = self._bolt.read_element(at)
        key = decode_key_value(self._bolt.data[start:end])
        if key.revision != _main_of(found):
            raise DamagedBolt(f"the value of revision {_main_of(found)} is that of revision {key.revision}")
        # A key whose lease has ended is not deleted here: that is left to the target.
        lease = max(1, self._leases.get(key.lease, 0)) if key.lease else 0
        return live_row(number or key.revision, key.key, key.created, (lease, key.value))

    def _revision_at(self, at: int) -> int:
        return _main_of(self._bolt.read_element(at)[0])


@contextlib.contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (DamagedBolt, MalformedMessage) as error:
        raise damaged(path, str(error)) from error


def _main_of(revision: bytes) -> int:
    return int.from_bytes(revision[:_MAIN_BYTES])


def _key_at(bolt: BoltFile, at: int) -> bytes:
    _, _, start, _ = bolt.read_element(at)
    return read_key(bolt.data, start)


def _decode_lease(data: bytes) -> tuple[int, int]:
    """Id and seconds: the remaining TTL if etcd saved one, else the granted one (etcd lease/leasepb/lease.proto)."""
    fields = dict(decode_fields(data))
    return fields.get(1, 0), fields.get(3, 0) or fields.get(2, 0)


def _find_live(bolt: BoltFile) -> tuple[int, array[int], bool]:
    """
    The newest revision, the places of all live keys in the order of their newest revisions, and whether keys may share
    a revision.
    """
    newest: dict[int, int] = {}  # by the hash of a key: a million keys of 100 bytes would need 200 MB
    revision, shared = b"", False
    for revision, at, start, _ in bolt.read_bucket(b"key"):
        if len(revision) not in (_REVISION_BYTES, _REVISION_BYTES + 1):
            raise DamagedBolt("a revision has a wrong length")
        key = read_key(bolt.data, start)
        slot = hash(key)
        former = newest.pop(slot, None)
        if former is not None and _key_at(bolt, former) != key:
            raise CouldNotLook("two keys of the snapshot have the same hash", "run again")
        if len(revision) == _REVISION_BYTES and key not in _OWN_KEYS:
            newest[slot] = at
            shared |= revision[_MAIN_BYTES + 1 :] != _FIRST
    return _main_of(revision), array("Q", newest.values()), shared


def _separate_shared(bolt: BoltFile, live: array[int]) -> tuple[array[int], list[int]]:
    """The places that keep their revisions, and those that another key of the same transaction precedes by name."""
    kept, renumbered = array("Q"), []
    for _, group in itertools.groupby(live, key=lambda at: _main_of(bolt.read_element(at)[0])):
        first, *others = sorted(group, key=lambda at: _key_at(bolt, at))
        kept.append(first)
        renumbered += others
    return kept, renumbered
