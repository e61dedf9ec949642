"""Write rendered files into a folder: all of them complete, or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from kinetune.model.failure import UsageFailure
from kinetune.render.kinds import RenderedFile


def write_files(
    files: tuple[RenderedFile, ...], folder: Path, require_permission: Callable[[list[str]], None] | None
) -> None:
    """
    Write into the folder, which is created if it is missing.

    Where the folder holds files, `require_permission` gets the paths that would be replaced and raises without it; None
    replaces without a question. UsageFailure where the folder cannot be written.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageFailure(f"{folder} is not a folder", "name a folder with --output-dir")
        if require_permission and folder.is_dir() and any(folder.iterdir()):
            require_permission([file.path for file in files if (folder / file.path).exists()])
        _place_files(files, folder)
    except OSError as error:
        raise UsageFailure(
            f"cannot write into {folder}: {error.strerror}", "name a folder that you may write to"
        ) from error


def _place_files(files: tuple[RenderedFile, ...], folder: Path) -> None:
    """Write all files beside their places first, where a full disk is noticed; then move each by one rename."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kinetune-", dir=folder) as drafts:
        for file in files:
            draft = Path(drafts) / file.path
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(file.text, encoding="utf-8", newline="\n")
            draft.chmod((0o755 if file.executable else 0o644) & ~_current_umask())
        for final in (folder / file.path for file in files):
            final.parent.mkdir(parents=True, exist_ok=True)
            if final.is_dir():
                raise UsageFailure(f"{final} is a folder", "move it to another place")
        for file in files:
            os.replace(Path(drafts) / file.path, folder / file.path)


def _current_umask() -> int:
    """A umask can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
