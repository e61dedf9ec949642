"""Progress on stderr: a line a step where nobody watches, a bar with an estimate on a terminal."""

from __future__ import annotations

import sys
import threading
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
FIGURES = 52
"""Columns that the bar, its percentage and its times take."""


def bars() -> Bars:
    """On stderr, gone when finished; silent where stderr is no terminal."""
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
        disable=not stderr.is_terminal,
    )


class Progress:
    """Tells of each finished statement of a script, and on a terminal how far an index build is."""

    def __init__(self, endpoint: Endpoint, script: Script) -> None:
        self._endpoint, self._script, self._bars = endpoint, script, bars()
        self.done: list[Done] = []
        self._ended = threading.Event()
        self._poll = threading.Thread(target=self._follow_builds, daemon=True)

    def __enter__(self) -> Progress:
        self._bars.start()
        total = sum(len(step.statements) for step in self._script.steps)
        self._task = self._bars.add_task(self._script.steps[0].does, total=total)
        if not self._bars.disable:
            self._poll.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._poll.is_alive():
            self._poll.join()
        self._bars.stop()

    def watch(self, done: Done) -> None:
        self.done.append(done)
        coming = self._script.steps[min(done.position, len(self._script.steps) - 1)].does
        self._bars.update(self._task, completed=len(self.done), description=coming)
        if self._bars.disable and done.statement == done.step.statements[-1]:
            place = f"[{done.position}/{len(self._script.steps)}]"
            typer.echo(f"{place} {done.step.does} ({done.seconds:.1f} s)", err=True)

    def _follow_builds(self) -> None:
        """A second, reading session: pg_stat_progress_create_index says how far the build is."""
        from kinetune.database.session import visit

        try:
            with visit(self._endpoint, "init-progress") as session:
                while session.server.can("index_progress") and not self._ended.wait(POLL_SECONDS):
                    for row in session.ask("index_progress"):
                        self._bars.update(self._task, completed=len(self.done) + float(row["share"]))
        except Failure:
            return  # the work goes on without its bar
