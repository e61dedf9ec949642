"""Write a file that holds a cluster's secrets: readable by its owner alone, complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from kinetune.model.failure import Refused, UsageFailure

UNFINISHED = ".kinetune-part"
NEXT_STEPS = {
    errno.ENOENT: "create its folder first",
    errno.ENOSPC: "free space, or name a file on another disk",
    errno.EFBIG: "raise ulimit -f, or name a file elsewhere",
}


@contextlib.contextmanager
def create_file(path: Path, verify: Callable[[Path], None] = lambda _: None) -> Iterator[BinaryIO]:
    """
    Create a file with mode 0600, complete or not at all: it has a temporary name until all its bytes are on the disk
    and `verify`, which gets that name, raises nothing.

    Temporary files that killed runs left in the folder are removed. Raises UsageFailure if the file cannot be written,
    Refused if another process is writing it.
    """
    temporary = path.with_name(f".{path.name}{UNFINISHED}")
    with translate_write_errors(path):
        _remove_leftovers(temporary)
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
                verify(temporary)
                # Checked again, because rename() would replace a file that was created in the meantime.
                refuse_existing(path)
                temporary.rename(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)


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


def _remove_leftovers(temporary: Path) -> None:
    """Remove what killed runs left under other names. The file of a run that is alive is locked."""
    for left in temporary.parent.glob(f".*{UNFINISHED}"):
        if left != temporary:
            with contextlib.suppress(OSError, Refused):
                descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                with open(descriptor, "rb"):
                    _require_own_file(descriptor)
                    _lock_file(descriptor, left)
                    left.unlink()


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
