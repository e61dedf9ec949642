"""A private folder for large temporary files, removed at the end or, after a kill, by the next run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kinetune.formatting import format_bytes
from kinetune.model.failure import UsageFailure

PREFIX = "kinetune-scratch-"
RESERVE_BYTES = 64 * 1024 * 1024
"""Left free for the other programs of this machine: a full /tmp stops them."""


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """
    A new folder of mode 0700 below TMPDIR (/tmp), locked while it is used.

    Those of killed runs are removed first: they may hold a cluster's secrets. Raises UsageFailure if it cannot be made.
    """
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{PREFIX}*"):
        _remove_if_abandoned(left)
    try:
        folder, lock = _make_locked_folder(place)
    except OSError as error:
        raise UsageFailure(f"cannot write below {place}: {error.strerror}", "set TMPDIR to another folder") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def require_free_space(folder: Path, wanted: int, what: str) -> None:
    """Raise UsageFailure if fewer than `wanted` bytes, and a reserve, are free. `what` needs them, in words."""
    free = shutil.disk_usage(folder).free
    if free < wanted + RESERVE_BYTES:
        raise UsageFailure(
            f"{what} needs {format_bytes(wanted + RESERVE_BYTES)} below {folder.parent}, and {format_bytes(free)} "
            "are free",
            "set TMPDIR to a folder with more space",
        )


def _make_locked_folder(place: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        # Another run removed it as abandoned before it was locked.
        os.close(lock)


def _remove_if_abandoned(folder: Path) -> None:
    """Remove a folder whose process no longer exists: its lock is free. Folders of other users are left."""
    with contextlib.suppress(OSError):
        # O_NOFOLLOW: in a shared directory, a symbolic link of that name could lead to any folder of this user.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
        finally:
            os.close(descriptor)
