"""Progress on stderr: bars with an estimate on a terminal, a line for each finished step in a log."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column

from kinetune.commands.observer import Update
from kinetune.formatting import format_duration, format_percent
from kinetune.model.failure import Failure
from kinetune.reports.text import make_console

if TYPE_CHECKING:
    from kinetune.model.change import AppliedStatement
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.script import Script

POLL_SECONDS = 0.5
LOG_SECONDS = 10.0
"""A log gets a line about long work no more often than this."""
FIGURES_WIDTH = 52
"""Columns that the bar, its percentage and its times take."""


class StderrObserver:
    """Shows progress on stderr; bars only where it is a terminal that can overwrite a line."""

    @contextlib.contextmanager
    def stage(self, title: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        typer.echo(f"{title}: {_format_seconds(time.monotonic() - started)}", err=True)

    def note(self, line: str) -> None:
        typer.echo(line, err=True)

    @contextlib.contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Update]:
        # stage() and statements() write the lines that a log needs, and a spinner those about work without an end.
        with _show_spinner(title) if total is None else _show_bar(title, total) as update:
            yield update

    @contextlib.contextmanager
    def statements(self, script: Script, endpoint: Endpoint | None) -> Iterator[Callable[[AppliedStatement], None]]:
        with make_bars() as bars:
            progress = StatementProgress(script, bars)
            with progress.follow_builds(endpoint) if endpoint else contextlib.nullcontext():
                yield progress.report


def make_bars() -> Progress:
    """Bars on stderr that disappear when finished; disabled unless it is a terminal that can overwrite a line."""
    stderr = make_console(sys.stderr)
    description = Column(width=min(max(stderr.width - FIGURES_WIDTH, 20), 60), no_wrap=True, overflow="ellipsis")
    return Progress(
        TextColumn("{task.description}", table_column=description),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal or stderr.is_dumb_terminal,
    )


@contextlib.contextmanager
def _show_bar(title: str, total: int) -> Iterator[Update]:
    with make_bars() as bars:
        task, shown = bars.add_task(title, total=total), 0

        def update(completed: int | None = None, title: str = "") -> None:
            nonlocal shown
            # Called for each row of a store: redrawing more than a thousand times would take longer than the rows.
            if completed is not None and completed - shown >= total / 1000:
                shown = completed
                bars.update(task, completed=completed)
            if title:
                bars.update(task, description=title)

        yield update


def _log_updates() -> Update:
    """Writes what long work is doing as a line, no more often than every LOG_SECONDS."""
    written = time.monotonic()

    def update(completed: int | None = None, title: str = "") -> None:
        nonlocal written
        if title and time.monotonic() - written > LOG_SECONDS:
            written = time.monotonic()
            typer.echo(title, err=True)

    return update


@contextlib.contextmanager
def _show_spinner(title: str) -> Iterator[Update]:
    stderr = make_console(sys.stderr)
    if not stderr.is_terminal or stderr.is_dumb_terminal:
        yield _log_updates()
        return
    with stderr.status(title) as status:

        def update(completed: int | None = None, title: str = "") -> None:
            status.update(title or None)

        yield update


class StatementProgress:
    """The finished statements of a script, on a bar or as lines; on a bar also how far an index build is."""

    def __init__(self, script: Script, bars: Progress) -> None:
        self._steps, self._bars, self._finished = script.steps, bars, 0
        self._ended, self._blocker, self._reported = threading.Event(), 0, time.monotonic()
        total = sum(len(step.statements) for step in script.steps)
        self._task = bars.add_task(script.steps[0].does, total=total)

    def report(self, done: AppliedStatement) -> None:
        """A statement of many parts is shown after each part on a bar, every ten seconds in a log."""
        if done.share < 1:
            self._bars.update(self._task, completed=self._finished + done.share, description=done.step.does)
            if self._bars.disable and time.monotonic() - self._reported > LOG_SECONDS:
                left = done.seconds / done.share - done.seconds
                self._log(done, f"{format_percent(done.share, 1)}, about {left:.0f} s left")
            return
        self._finished += 1
        # The bar names the step that runs now, which is the one after the step that has just ended.
        following = self._steps[min(done.position, len(self._steps) - 1)].does
        self._bars.update(self._task, completed=self._finished, description=following)
        if self._bars.disable and done.statement == done.step.statements[-1]:
            self._log(done, f"({_format_seconds(done.seconds)})")

    def _log(self, done: AppliedStatement, state: str) -> None:
        self._reported = time.monotonic()
        typer.echo(f"[{done.position}/{len(self._steps)}] {done.step.does} {state}", err=True)

    @contextlib.contextmanager
    def follow_builds(self, endpoint: Endpoint) -> Iterator[None]:
        """Poll the state of index builds in a second session, in a thread: the first one is busy building."""
        poll = threading.Thread(target=self._poll_builds, args=(endpoint,), daemon=True)
        poll.start()
        try:
            yield
        finally:
            self._ended.set()
            poll.join()

    def _poll_builds(self, endpoint: Endpoint) -> None:
        from kinetune.database.session import open_session

        if self._ended.wait(POLL_SECONDS):  # most scripts have ended by then, and need no second session
            return
        try:
            with open_session(endpoint, "init-progress") as session:
                if not session.server.can("index_progress"):
                    self._log_waiting()
                while not self._ended.wait(POLL_SECONDS):
                    for row in session.query_file("index_progress"):
                        self._show_build(float(row["share"]), row["waits_for"] or 0)
        except Failure:
            return  # only the bar stops; the change itself continues

    def _log_waiting(self) -> None:
        """For YugabyteDB, which has no view of running builds and waits up to 15 minutes for sessions of each node."""
        while not self._ended.wait(LOG_SECONDS):
            silent = time.monotonic() - self._reported
            if self._bars.disable and silent > 3 * LOG_SECONDS:
                typer.echo(f"still running after {silent:.0f} s (index builds wait for open transactions)", err=True)

    def _show_build(self, share: float, blocker: int) -> None:
        """`blocker` is the server process whose transaction the build waits for, 0 for none; it is shown once."""
        self._bars.update(self._task, completed=self._finished + share)
        if blocker not in (0, self._blocker):
            self._blocker = blocker
            line = f"waiting for the open transaction of server process {blocker}"
            self._bars.console.print(f"{line} (to end it: SELECT pg_terminate_backend({blocker}))", soft_wrap=True)


def _format_seconds(seconds: float) -> str:
    return format_duration(1000 * seconds)
