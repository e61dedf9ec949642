"""The formats of a report by name and by file extension. Each imports its module, and its libraries, on first use."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Literal, TextIO

from kinetune.model.failure import UsageFailure
from kinetune.model.report import Report

Writer = Callable[[Report, TextIO], None]


def _load_writer(module: str, function: str = "write") -> Writer:
    """A writer that imports its module on first use: jinja2 alone takes 40 ms, which JSON must not pay."""

    def writer(report: Report, stream: TextIO) -> None:
        getattr(import_module(f"kinetune.reports.{module}"), function)(report, stream)

    return writer


WRITERS: Mapping[str, Writer] = {
    "text": _load_writer("text"),
    "json": _load_writer("json_format"),
    "markdown": _load_writer("markdown"),
    "html": _load_writer("html"),
    "sarif": _load_writer("sarif"),
    "junit": _load_writer("junit"),
    "github": _load_writer("github"),
    "csv": _load_writer("csv_format"),
}
_BY_SUFFIX: Mapping[str, Writer] = {
    ".html": WRITERS["html"],
    ".json": WRITERS["json"],
    ".md": WRITERS["markdown"],
    ".txt": _load_writer("text", "write_plain"),  # a file is not a terminal, whatever COLUMNS and FORCE_COLOR say
    ".sarif": WRITERS["sarif"],
    ".xml": WRITERS["junit"],
    ".csv": WRITERS["csv"],
}
_NEXT_STEPS = {
    errno.ENOENT: "create its folder first",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "name a file in a folder that exists",
    errno.ENOSPC: "free space or name a file on another disk",
}


def write_report(report: Report, format: str, stream: TextIO) -> None:
    """Write the report in a format of WRITERS, with a newline at the end. UsageFailure for an unknown format."""
    _find_writer(format)(report, stream)


def save_report(report: Report, path: Path, format: str = "") -> None:
    """Write the whole report or leave the file unchanged. Without a format, the extension selects it."""
    writer = _find_writer(format) if format else _writer_for_suffix(path)
    with explain_write_error(path):
        _replace_file(path, report, writer)


def require_format(format: str, excluded: Collection[str] = ()) -> None:
    """Raise the UsageFailure of write_report before the work; it does not list formats of other commands."""
    _find_writer(format, excluded)


def require_writable(path: Path, format: str = "", excluded: Collection[str] = ()) -> None:
    """Raise the UsageFailure of save_report before the work; it does not list extensions of other commands."""
    if not format:
        _writer_for_suffix(path, excluded)
    with explain_write_error(path):
        _try_create(Path(os.path.realpath(path)))


def _try_create(target: Path) -> None:
    """OSError unless a file can be created there. Permissions alone do not show a read-only file system."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not target.exists() or target.is_file():
        temporary = _temporary_path(target)
        temporary.touch(exist_ok=False)
        temporary.unlink()


@contextlib.contextmanager
def explain_write_error(path: Path) -> Iterator[None]:
    """Raise an OSError inside as a UsageFailure with the next step for its cause."""
    try:
        yield
    except OSError as error:
        next_step = _NEXT_STEPS.get(error.errno or 0, "name a file in a folder you may write to")
        raise UsageFailure(f"cannot write {path}: {error.strerror}", next_step) from error


def _find_writer(format: str, excluded: Collection[str] = ()) -> Writer:
    if format not in WRITERS:
        known = (name for name in WRITERS if name not in excluded)
        raise UsageFailure(f"unknown format {format}", f"choose one of {', '.join(known)}")
    return WRITERS[format]


def _writer_for_suffix(path: Path, excluded: Collection[str] = ()) -> Writer:
    if path.suffix not in _BY_SUFFIX:
        known = " ".join(suffix for suffix in _BY_SUFFIX if suffix not in excluded)
        raise UsageFailure(f"cannot select a format for {path}: unknown extension", f"use one of {known}")
    return _BY_SUFFIX[path.suffix]


def _replace_file(path: Path, report: Report, writer: Writer) -> None:
    """Write a temporary file and rename it. A symbolic link stays a link; a device (/dev/stdout) is written to."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        _write_file(target, "w", report, writer)
        return
    temporary = _temporary_path(target)
    try:
        _write_file(temporary, "x", report, writer)
        temporary.replace(target)
    except BaseException:  # Ctrl-C too must not leave the temporary file
        temporary.unlink(missing_ok=True)
        raise


def _temporary_path(target: Path) -> Path:
    # In the same folder, because a rename works only within a file system; with the process id for simultaneous runs.
    return target.with_name(f".{target.name}.{os.getpid()}")


def _write_file(path: Path, mode: Literal["w", "x"], report: Report, writer: Writer) -> None:
    with path.open(mode, encoding="utf-8", newline="\n") as stream:
        writer(report, stream)
