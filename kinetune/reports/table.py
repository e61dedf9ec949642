"""The formats a report is written in: each loads its module, and that its libraries, when first called."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Literal, TextIO

from kinetune.model.failure import UsageFailure
from kinetune.model.report import Report

Writer = Callable[[Report, TextIO], None]


def _late(module: str, function: str = "write") -> Writer:
    def writer(report: Report, stream: TextIO) -> None:
        getattr(import_module(f"kinetune.reports.{module}"), function)(report, stream)

    return writer


WRITERS: Mapping[str, Writer] = {
    "text": _late("text"),
    "json": _late("json_form"),
    "markdown": _late("markdown"),
    "html": _late("html"),
    "sarif": _late("sarif"),
    "junit": _late("junit"),
    "github": _late("github"),
    "csv": _late("csv_form"),
}
_BY_SUFFIX: Mapping[str, Writer] = {
    ".html": WRITERS["html"],
    ".json": WRITERS["json"],
    ".md": WRITERS["markdown"],
    ".txt": _late("text", "write_plain"),
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


def write(report: Report, format: str, stream: TextIO) -> None:
    """The report in one of WRITERS' formats, ending with a newline."""
    _named(format)(report, stream)


def save(report: Report, path: Path, format: str = "") -> None:
    """The report as a file: whole or not at all. Without a format its suffix tells: .json, .md, .sarif …"""
    writer = _named(format) if format else _by_suffix(path)
    with _told(path):
        _replace(path, report, writer)


def refuse_unknown(format: str) -> None:
    """Before the work what write() would say after it. UsageFailure."""
    _named(format)


def refuse_unwritable(path: Path, format: str = "") -> None:
    """Before the work what save() would say after it. UsageFailure."""
    if not format:
        _by_suffix(path)
    with _told(path):
        _try(Path(os.path.realpath(path)))


def _try(target: Path) -> None:
    """Whether a file can be made there, by making one: rights alone do not tell (a file system may be read-only)."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not target.exists() or target.is_file():
        beside = _beside(target)
        beside.touch(exist_ok=False)
        beside.unlink()


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        next_step = _NEXT_STEPS.get(error.errno or 0, "name a file in a folder you may write to")
        raise UsageFailure(f"cannot write {path}: {error.strerror}", next_step) from error


def _named(format: str) -> Writer:
    if format not in WRITERS:
        raise UsageFailure(f"no format is called {format}", f"choose one of {', '.join(WRITERS)}")
    return WRITERS[format]


def _by_suffix(path: Path) -> Writer:
    if path.suffix not in _BY_SUFFIX:
        raise UsageFailure(f"{path} does not tell its format", f"end it with one of {' '.join(_BY_SUFFIX)}")
    return _BY_SUFFIX[path.suffix]


def _replace(path: Path, report: Report, writer: Writer) -> None:
    """Through a file beside the one a link leads to; a device (/dev/stdout) is written, never replaced."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        _fill(target, "w", report, writer)
        return
    beside = _beside(target)
    try:
        _fill(beside, "x", report, writer)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}")


def _fill(path: Path, mode: Literal["w", "x"], report: Report, writer: Writer) -> None:
    with path.open(mode, encoding="utf-8", newline="\n") as stream:
        writer(report, stream)
