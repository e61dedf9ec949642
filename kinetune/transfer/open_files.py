"""Which other processes use a SQLite file now: by the open files of all processes, and by the locks on the file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import sys
import time
from pathlib import Path

from kinetune.kine.idle_writes import OBSERVE_SECONDS
from kinetune.model.failure import CouldNotLook

_FLOCK = "hhqqi4x"
"""struct flock of fcntl(2) on Linux: type, whence, start, length (0: up to the end) and process."""
_LOGGED = b"\x02\x02"
"""Bytes 18 and 19 of a file with a write-ahead log (sqlite.org/fileformat.html)."""


def find_users(path: Path) -> tuple[str, ...]:
    """
    `k3s-server (process 1234) has … open` for each other process. Raises CouldNotLook where this cannot be seen.

    Only root sees the open files of all processes, and no user those of other containers. But a connection to a file
    with a write-ahead log, which Kine's own settings demand, always holds a lock, and every user sees one of these from
    everywhere on the machine. Another file is observed for writes.
    """
    if sys.platform != "linux":
        raise CouldNotLook(f"who uses {path} cannot be seen on {sys.platform}", "run kinetune on Linux")
    users, hidden = _find_openers(path)
    # This opens and closes the file, which frees the locks of this process on it: it has no connection open now.
    locker = _find_lock_holder(path)
    if locker is not None and locker not in users:
        users.append(locker)
    if not users and _read_header(path)[18:20] != _LOGGED:
        if hidden:
            raise CouldNotLook(
                f"who uses {path} cannot be seen: it has no write-ahead log, and only root sees all open files",
                "run as root",
            )
        before = _read_header(path)
        time.sleep(OBSERVE_SECONDS)
        if _read_header(path) != before:
            return (f"a process of another container writes to {path}",)
    return tuple(f"{_name_process(user)} has {path} open" for user in users)


def _find_openers(path: Path) -> tuple[list[int], bool]:
    """Processes that have the file open, and whether there are processes whose files this user cannot see."""
    wanted = path.stat()
    found, hidden = [], False
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            files = list((process / "fd").iterdir())
        except PermissionError:
            hidden = True
            continue
        except OSError:  # it has ended
            continue
        if any(_is_same_file(file, wanted) for file in files):
            found.append(int(process.name))
    return sorted(found), hidden


def _is_same_file(file: Path, wanted: os.stat_result) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(file.stat(), wanted)
    return False


def _find_lock_holder(path: Path) -> int | None:
    """A process that holds a lock on the file; 0 or -1 if it is in another container; None without a lock."""
    with path.open("rb") as file:
        question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, process = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, question))
    return None if kind == fcntl.F_UNLCK else process


def _read_header(path: Path) -> bytes:
    """It holds a counter of the transactions, unless these are in a log."""
    with path.open("rb") as file:
        return file.read(100)


def _name_process(process: int) -> str:
    if process <= 0:
        return "a process of another container"
    try:
        name = Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        name = "a process"
    return f"{name} (process {process})"
