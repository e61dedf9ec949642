"""Reports for a terminal, a pipe and grep. What the stream and the environment want is decided here, once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from kinetune.model.report import Report
from kinetune.reports.text_plain import plain_lines

if TYPE_CHECKING:
    from rich.console import Console

# As wide as it gets: into a pipe every row is one line.
_UNBOUNDED = 10_000


def write(report: Report, stream: TextIO) -> None:
    """In colour and as wide as the terminal; plain and each row on one line where nobody set COLUMNS."""
    if is_coloured(stream) or width(stream) < _UNBOUNDED:
        _write(report, stream, console(stream))
    else:
        write_plain(report, stream)


def write_plain(report: Report, stream: TextIO) -> None:
    """For a file to keep: no colour and no wrapping, whatever the environment says."""
    put("".join(f"{line}\n" for line in plain_lines(report)), stream)


def console(stream: TextIO) -> Console:
    """The one way to a rich Console: NO_COLOR, FORCE_COLOR, TERM, COLUMNS and the stream have been asked."""
    return _console(stream, coloured=is_coloured(stream), width=width(stream))


def is_coloured(stream: TextIO) -> bool:
    """NO_COLOR before FORCE_COLOR before what the stream is (https://no-color.org: set and not empty)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def width(stream: TextIO) -> int:
    """COLUMNS where it is a number, else the terminal's, else no bound."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    if not stream.isatty():
        return _UNBOUNDED
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80


def _console(stream: TextIO, *, coloured: bool, width: int) -> Console:
    from rich.console import Console  # noqa: PLC0415 - 60 ms that --help must not pay

    return Console(
        file=stream,
        width=width,
        force_terminal=coloured or stream.isatty(),
        color_system="standard" if coloured else None,  # sixteen colours: those the reader chose for light or dark
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def _write(report: Report, stream: TextIO, console: Console) -> None:
    from kinetune.reports.text_lines import report_lines  # noqa: PLC0415 - loads rich
    from kinetune.reports.text_page import Page  # noqa: PLC0415 - loads rich

    with console.capture() as capture:
        for line in report_lines(report, Page(console, console.width)):
            console.print(line, soft_wrap=True)
    put(capture.get(), stream)


def put(text: str, stream: TextIO) -> None:
    """What the stream's encoding cannot say becomes a question mark."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
