"""Rendered files onto stdout or into a folder: all of them whole, or none."""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
from pathlib import Path

import typer

from kinetune.model.failure import Refused, UsageFailure
from kinetune.render.kinds import KINDS, File
from kinetune.render.values import option


def shown_kinds() -> str:
    """A line for each kind and its options below it."""
    width = max(len(kind.name) for kind in KINDS) + 2
    lines = []
    for kind in KINDS:
        lines.append(f"{kind.name:{width}}{kind.words}")
        options = " ".join(map(option, kind.uses))
        lines += textwrap.wrap(
            options, 96, initial_indent=" " * width, subsequent_indent=" " * width, break_on_hyphens=False
        )
    return "\n".join([*lines, "", "kinetune render --help explains the options."]) + "\n"


def show(files: tuple[File, ...]) -> None:
    """One as it is; several one after the other, each below a comment with its path."""
    for place, file in enumerate(files):
        if len(files) > 1:
            sys.stdout.write("\n" * (place > 0) + f"# ---- {file.path} ----\n")
        sys.stdout.write(file.text)


def write(files: tuple[File, ...], target: Path, *, force: bool) -> None:
    """
    Into the folder, which is made if need be. stderr says what was written.

    A folder that holds something is asked about on a terminal, and refused without one (exit 4) unless forced.
    """
    try:
        if target.exists() and not target.is_dir():
            raise UsageFailure(f"{target} is no folder", "name one with --output")
        if not force and target.is_dir() and any(target.iterdir()):
            _ask(target, files)
        _place(files, target)
    except OSError as error:
        raise UsageFailure(
            f"cannot write into {target}: {error.strerror}", "name a folder that you may write to"
        ) from error
    for file in files:
        typer.echo(f"wrote {target / file.path}", err=True)


def _ask(target: Path, files: tuple[File, ...]) -> None:
    from kinetune.cli.options import agreed

    there = [file.path for file in files if (target / file.path).exists()]
    what = f"{', '.join(there)} would be replaced" if there else "none of them would be replaced"
    if not sys.stdin.isatty():
        raise Refused(f"{target} holds files; {what}", "name another folder, or allow it with --force")
    if not agreed(f"{target} holds files; {what}. Write {len(files)} files into it?"):
        raise typer.Abort


def _place(files: tuple[File, ...], target: Path) -> None:
    """First all of them beside their places, where a full disk is noticed; then each by one rename."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kinetune-", dir=target) as beside:
        for file in files:
            draft = Path(beside) / file.path
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(file.text, encoding="utf-8", newline="\n")
            draft.chmod((0o755 if file.executable else 0o644) & ~_umask())
        for final in (target / file.path for file in files):
            final.parent.mkdir(parents=True, exist_ok=True)
            if final.is_dir():
                raise UsageFailure(f"{final} is a folder", "move it away")
        for file in files:
            os.replace(Path(beside) / file.path, target / file.path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
