"""
Files of etcd: where they are, whether an etcd uses them, and whether they are whole.

A file that etcd writes to, or that was copied meanwhile, gives values of other keys without an error, and the newest
writes are only in the write-ahead log until 100 ms later (docs/facts/moving.md §0.10, §7).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO, NamedTuple

from kinetune.etcd.codec import decode_fields
from kinetune.model.failure import CouldNotLook, Refused, UsageFailure
from kinetune.transfer.bolt import BoltFile, DamagedBolt, has_magic
from kinetune.transfer.etcd_log import LogEnd, read_log_end
from kinetune.transfer.scratch_folder import require_free_space, scratch_folder

DATABASES = (
    "db",
    "snap/db",
    "member/snap/db",
    "etcd/member/snap/db",
    "db/etcd/member/snap/db",
    "server/db/etcd/member/snap/db",
)
"""Where the database is below a folder that a user may name: up to the data folder of K3s and RKE2."""
SAVE = "save a snapshot: etcdctl snapshot save FILE (K3s: k3s etcd-snapshot save)"
NAME_ONE = "name a file that etcdctl snapshot save wrote, or a data directory of etcd, such as /var/lib/etcd"
_SUM_BYTES = hashlib.sha256().digest_size
_SECTOR = 512
"""A database is a multiple of it; so a file with that many bytes more ends with a sum (etcdutl, v3_snapshot.go)."""
_ZIP = b"PK\x03\x04"
_DATA_FOLDER = re.compile(r'^data-dir: "?([^"\n]+)', re.MULTILINE)
"""In the configuration that K3s writes into the data directory for its etcd."""
_COPY_SECONDS = 1.0
_CORRUPT = 2
_ALARMS = {1: "NOSPACE"}


class Completeness(NamedTuple):
    """
    Whether it is proved that the file has all writes of its cluster, up to a stop that lasts as long as the file is
    open; and what the user must know.
    """

    proved: bool
    notes: tuple[str, ...] = ()


def find_file(path: Path) -> Path:
    """The file itself, or the database in a folder. Raises UsageFailure."""
    try:
        if not path.is_dir():
            return path
        for name in DATABASES:
            if (found := path / name).is_file():
                return found
    except OSError as error:
        raise _unreadable(path, error) from None
    raise UsageFailure(f"no database of etcd is in the folder {path}", NAME_ONE)


@contextlib.contextmanager
def open_bolt(path: Path) -> Iterator[BoltFile]:
    """
    The database in a file, locked, after its sum was verified if it has one. K3s' zip is unpacked to a private file.

    UsageFailure if it is none, CouldNotLook if it is damaged, Refused if an etcd uses it.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            if file.read(len(_ZIP)) == _ZIP:
                file = stack.enter_context(_unpack(path, stack.enter_context(scratch_folder())).open("rb"))
            _lock(file, path)
            if not os.fstat(file.fileno()).st_size:
                raise UsageFailure(f"{path} is empty", NAME_ONE)
            data = stack.enter_context(mmap(file.fileno(), 0, access=ACCESS_READ))
        except OSError as error:
            raise _unreadable(path, error) from None
        yield _check_file(data, path)


def check_completeness(path: Path, bolt: BoltFile) -> Completeness:
    """
    Compare the database with the write-ahead log beside it. A snapshot is complete, but the cluster may have run on.

    Raises Refused if the log has writes that the file lacks, or the data of members differed.
    """
    notes = _find_alarms(path, bolt)
    if has_sum(bolt.data):
        return Completeness(False, notes)
    place = path.resolve()
    logs = place.parent.parent / "wal"
    applied = int.from_bytes(bolt.read_values(b"meta").get(b"consistent_index", b""))
    try:
        log = read_log_end(logs, applied) if place.name == DATABASES[0] else LogEnd(0)
    except OSError as error:
        raise _unreadable(logs, error) from None
    if log.has_later_writes:
        raise Refused(
            f"{path} lacks the newest writes: it ends with entry {applied}, its write-ahead log with entry "
            f"{log.last_index}",
            f"start that etcd (K3s) and stop it again without kill -9, or {SAVE}",
        )
    if log.last_index < applied or not log.last_index:
        why = "it has no checksum and no write-ahead log beside it; if it was copied while etcd ran, keys are missing"
        return Completeness(False, (*notes, f"whether {path} is complete is not known: {why}"))
    if log.has_later_members or sum(1 for _ in bolt.read_bucket(b"members")) != 1:
        return Completeness(False, (*notes, f"{path} is that of one member of several: others may have newer writes"))
    return _check_place(place, notes)


def damaged(path: Path, why: str) -> CouldNotLook:
    """The failure for a file whose content contradicts itself."""
    return CouldNotLook(f"cannot read {path}: damaged, cut, or copied while etcd wrote to it ({why})", SAVE)


def _unreadable(path: Path, error: OSError) -> UsageFailure:
    return UsageFailure(f"cannot read {path}: {error.strerror}", "check the path, and run as root")


def _lock(file: BinaryIO, path: Path) -> None:
    """etcd locks its database exclusively, and waits at its start until it can (bbolt bolt_unix.go)."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(f"{path} is in use by an etcd", f"stop that etcd (K3s), or {SAVE}") from None


def _unpack(path: Path, folder: Path) -> Path:
    """The only file of a zip, as K3s writes it with --etcd-snapshot-compress, in that folder."""
    try:
        with zipfile.ZipFile(path) as packed:
            names = packed.infolist()
            if len(names) != 1:
                raise UsageFailure(f"{path} has {len(names)} files instead of one", NAME_ONE)
            require_free_space(folder, names[0].file_size, f"the unpacked {path}")
            unpacked = folder / "snapshot"
            with packed.open(names[0]) as source, open(unpacked, "xb", opener=_open_private) as target:
                shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise damaged(path, str(error)) from None
    return unpacked


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def has_sum(data: mmap) -> bool:
    """Whether it is a snapshot, which ends with a sum of the database before it."""
    return len(data) % _SECTOR == _SUM_BYTES


def _check_file(data: mmap, path: Path) -> BoltFile:
    if not has_magic(data):
        raise UsageFailure(f"{path} is not a database of etcd", NAME_ONE)
    size = len(data)
    if has_sum(data):
        size -= _SUM_BYTES
        with memoryview(data) as view, view[:size] as content:
            if hashlib.sha256(content).digest() != data[size:]:
                raise damaged(path, "its checksum is wrong")
    elif size % _SECTOR:
        raise damaged(path, f"{size} bytes are neither a database nor a snapshot")
    try:
        return BoltFile(data, size)
    except DamagedBolt as error:
        raise damaged(path, str(error)) from error


def _check_place(path: Path, notes: tuple[str, ...]) -> Completeness:
    """
    Whether it is the file that etcd wrote, and not a copy of a cluster that ran on: a copy that keeps the time of the
    last write is changed after it, and K3s notes its data directory.
    """
    folder, times = path.parent.parent.parent, path.stat()
    config = folder / "config"
    found = _DATA_FOLDER.search(config.read_text(encoding="utf-8", errors="replace")) if config.is_file() else None
    if times.st_ctime - times.st_mtime > _COPY_SECONDS or (found and Path(found[1]).resolve() != folder):
        return Completeness(False, (*notes, f"{folder} is a copy: whether the cluster ran on is not known"))
    if found:
        return Completeness(True, notes)
    warning = f"if {folder} is a copy, and the cluster was written to afterwards, add --bump-revision"
    return Completeness(True, (*notes, warning))


def _find_alarms(path: Path, bolt: BoltFile) -> tuple[str, ...]:
    """Keys of the bucket are messages AlarmMember (etcd rpc.proto): 1 is the member, 2 the alarm."""
    found = {dict(decode_fields(key)).get(2, 0) for key, *_ in bolt.read_bucket(b"alarm")}
    if _CORRUPT in found:
        raise Refused(
            f"{path} has the alarm CORRUPT: the members of this etcd have different data",
            "find the member that is right (etcdctl endpoint hashkv), clear the alarm (etcdctl alarm disarm), and "
            "save a snapshot of it",
        )
    return tuple(f"etcd has the alarm {_ALARMS.get(alarm, alarm)}: it takes no writes" for alarm in sorted(found))
