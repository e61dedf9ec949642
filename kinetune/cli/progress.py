"""Progress on stderr: a line a step where nobody watches, a bar with an estimate on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

import typer
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

from kinetune.model.failure import Failure
from kinetune.reports.text import console

if TYPE_CHECKING:
    from kinetune.database.apply import Done
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.script import Script

POLL_SECONDS = 0.5
EACH_ROWS = 1000
SAY_SECONDS = 10.0
FIGURES = 52
"""Columns that the bar, its percentage and its times take."""


def bars() -> Bars:
    """On stderr, gone when finished; silent where stderr is no terminal, or one that cannot go back in a line."""
    stderr = console(sys.stderr)
    description = Column(width=min(max(stderr.width - FIGURES, 20), 60), no_wrap=True, overflow="ellipsis")
    return Bars(
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


class Progress:
    """
    Tells of each finished statement of a script, and on a terminal how far an index build is.

    The latter is asked in a session of its own; without an endpoint there is none (a database that is to be dropped).
    """

    def __init__(self, endpoint: Endpoint | None, script: Script) -> None:
        self._script, self._bars = script, bars()
        self.done: list[Done] = []
        self._ended, self._waits_for = threading.Event(), 0
        self._said = time.monotonic()
        self._poll = threading.Thread(target=self._follow_builds, args=(endpoint,), daemon=True) if endpoint else None

    def __enter__(self) -> Progress:
        self._bars.start()
        total = sum(len(step.statements) for step in self._script.steps)
        self._task = self._bars.add_task(self._script.steps[0].does, total=total)
        if self._poll:
            self._poll.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._poll:
            self._poll.join()
        self._bars.stop()

    def watch(self, done: Done) -> None:
        """A statement that unfolds is told of while it goes on: on a bar each time, on lines every ten seconds."""
        if done.share < 1:
            self._bars.update(self._task, completed=len(self.done) + done.share, description=done.step.does)
            if self._bars.disable and time.monotonic() - self._said > SAY_SECONDS:
                left = done.seconds / done.share - done.seconds
                self._say(done, f"{done.share:.0%}, about {left:.0f} s left")
            return
        self.done.append(done)
        coming = self._script.steps[min(done.position, len(self._script.steps) - 1)].does
        self._bars.update(self._task, completed=len(self.done), description=coming)
        if self._bars.disable and done.statement == done.step.statements[-1]:
            self._say(done, f"({done.seconds:.1f} s)")

    def _say(self, done: Done, more: str) -> None:
        self._said = time.monotonic()
        typer.echo(f"[{done.position}/{len(self._script.steps)}] {done.step.does} {more}", err=True)

    def _follow_builds(self, endpoint: Endpoint) -> None:
        """A second, reading session, where it takes longer: pg_stat_progress_create_index says how far a build is."""
        from kinetune.database.session import visit

        if self._ended.wait(POLL_SECONDS):
            return
        try:
            with visit(endpoint, "init-progress") as session:
                if not session.server.can("index_progress"):
                    self._wait_aloud()
                while not self._ended.wait(POLL_SECONDS):
                    for row in session.ask("index_progress"):
                        self._tell(float(row["share"]), row["waits_for"] or 0)
        except Failure:
            return  # the work goes on without its bar

    def _wait_aloud(self) -> None:
        """Where no view tells how far a build is: YugabyteDB waits for every node's sessions, up to 15 minutes."""
        while not self._ended.wait(SAY_SECONDS):
            silent = time.monotonic() - self._said
            if self._bars.disable and silent > 3 * SAY_SECONDS:
                typer.echo(f"still at it, {silent:.0f} s (an open transaction holds an index build up)", err=True)

    def _tell(self, share: float, waits_for: int) -> None:
        """On a bar how far it is; everywhere, once, whose transaction holds it up."""
        self._bars.update(self._task, completed=len(self.done) + share)
        if waits_for not in (0, self._waits_for):
            self._waits_for = waits_for
            line = f"waits for the open transaction of server process {waits_for}"
            self._bars.console.print(f"{line} (SELECT pg_terminate_backend({waits_for}) ends it)", soft_wrap=True)


class Rows:
    """Tells how many of `total` rows have passed (None: not known), and at the end how long it took."""

    def __init__(self, does: str, total: int | None) -> None:
        self._does, self._total, self._bars, self._rows = does, total, bars(), 0

    def __enter__(self) -> Rows:
        self._started = time.monotonic()
        self._bars.start()
        self._task = self._bars.add_task(self._does, total=self._total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        if self._bars.disable and kind is None:
            typer.echo(f"{self._does} ({time.monotonic() - self._started:.1f} s)", err=True)

    def watch(self, rows: int) -> None:
        if rows - self._rows >= EACH_ROWS:
            self._rows = rows
            self._bars.update(self._task, completed=rows)


class Doing:
    """What is being done where nobody can say how far it is; only a terminal hears of it."""

    def __enter__(self) -> Doing:
        stderr = console(sys.stderr)
        self._status = stderr.status("connect") if stderr.is_terminal and not stderr.is_dumb_terminal else None
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def tell(self, what: str) -> None:
        if self._status:
            self._status.update(what)
