"""How results of `kinetune hotspots` reach stdout and files: once, or live until Ctrl-C."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from kinetune.commands.hotspots import LiveHotspots, find_hotspots
from kinetune.commands.hotspots_options import HotspotsOptions
from kinetune.commands.observer import SILENT, Observer
from kinetune.model.failure import CouldNotLook, Exit, Failure
from kinetune.model.hotspots_result import HotspotsResult
from kinetune.model.report import Report
from kinetune.reports.formats import save_report, write_report
from kinetune.views.hotspots import build_hotspots_report, build_snapshot_report
from kinetune.views.hotspots_names import describe_exceeded

_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_DEFAULT_HEIGHT = 40
_REPORT_HAS_REST = "the report has the next step"
_MIN_HEIGHT = 5


class LimitExceeded(Failure):
    """A hotspot exceeds a limit of --fail-over (exit 1)."""

    exit = Exit.FINDINGS


@dataclass(frozen=True)
class HotspotsOutputs:
    """`top` hotspots of each source; `format` on stdout; `output` is a file for the report, `save` for the counters."""

    top: int
    format: str
    output: Path | None
    save: Path | None

    def save_files(self, report: Report, result: HotspotsResult) -> None:
        if self.output:
            save_report(report, self.output)
        if self.save:
            save_report(build_snapshot_report(result.snapshot), self.save, "json")


def write_hotspots(options: HotspotsOptions, outputs: HotspotsOutputs) -> None:
    """
    Only after everything is written, raises LimitExceeded, the first failure of a source, or CouldNotLook if the
    sources do not show whether Kine is slow.
    """
    result = find_hotspots(options, _choose_observer(options))
    report = build_hotspots_report(result, outputs.top)
    write_report(report, outputs.format, sys.stdout)
    outputs.save_files(report, result)
    if result.exceeded:
        more = f" and {len(result.exceeded) - 1} more" if len(result.exceeded) > 1 else ""
        raise LimitExceeded(f"{describe_exceeded(result.exceeded[0])}{more}", "the report has advice")
    if result.failures:
        first = result.failures[0]
        raise CouldNotLook(first.cause, _REPORT_HAS_REST if first.next_step else "")
    if result.conclusion and not result.conclusion.is_known:
        raise CouldNotLook(result.conclusion.statement, _REPORT_HAS_REST if result.conclusion.next_step else "")


def follow_hotspots(options: HotspotsOptions, outputs: HotspotsOutputs, pause: float) -> None:
    """Writes the report every `pause` seconds until Ctrl-C; then once more, and the files."""
    live, writer = LiveHotspots(options), LiveWriter(outputs.format)
    try:
        for result in live.results(pause):
            writer.update(build_hotspots_report(result, outputs.top))
    except KeyboardInterrupt:
        # What came after the last refresh is in no report yet.
        result = live.current()
        report = build_hotspots_report(result, outputs.top)
        writer.append(report)
        outputs.save_files(report, result)
        raise


def _choose_observer(options: HotspotsOptions) -> Observer:
    if not (options.interval or options.explain):
        return SILENT
    from kinetune.cli.progress import StderrObserver  # loads rich, which `hotspots FILE` starts without

    return StderrObserver()


class LiveWriter:
    """Writes to stdout. Only text is written in place: a program that reads another format wants every report."""

    def __init__(self, format: str) -> None:
        self._format = format
        self._written = ""

    def update(self, report: Report) -> None:
        if self._format == "text" and sys.stdout.isatty():
            _replace_screen(report)
        else:
            self.append(report)

    def append(self, report: Report) -> None:
        """Below what was written before, and only if it differs."""
        page = io.StringIO()
        write_report(report, self._format, page)
        if page.getvalue() != self._written:
            # JSON documents need no gap: each ends where its braces do.
            gap = "\n" if self._written and self._format != "json" else ""
            sys.stdout.write(gap + page.getvalue())
            sys.stdout.flush()
        self._written = page.getvalue()


class _Screen(io.StringIO):
    """Text with the width and the colours of the terminal, so that it can be cut to the terminal's height."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return sys.stdout.fileno()


def _replace_screen(report: Report) -> None:
    page = _Screen()  # in memory first: it has to be cut to the terminal's height
    write_report(report, "text", page)
    lines, height = page.getvalue().splitlines(), _terminal_height()
    if len(lines) > height:
        lines = [*lines[: height - 1], "… cut: enlarge the window, or use a smaller --top"]
    # Overwriting line by line does not flicker, unlike clearing the screen first.
    sys.stdout.write(_HOME + "".join(f"{line}{_CLEAR_LINE}\n" for line in lines) + _CLEAR_BELOW)
    sys.stdout.flush()


def _terminal_height() -> int:
    """Without the last line, where the cursor is."""
    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).lines - 1, _MIN_HEIGHT)
    except OSError:
        return _DEFAULT_HEIGHT
