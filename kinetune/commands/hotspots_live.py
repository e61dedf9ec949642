"""--follow and --watch: the same report again and again, on a terminal in its place, else one after another."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kinetune.commands.hotspots import Look, Wanted
from kinetune.views.hotspots_tell import Manner, telling

if TYPE_CHECKING:
    from kinetune.logs.ledger import Ledger
    from kinetune.model.counters import Snapshot
    from kinetune.model.report import Report

HOME, CLEAR_LINE, CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_PAUSE = 0.2


class _Page(io.StringIO):
    """Has the terminal's width and colours, and can be cut to its height."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return sys.stdout.fileno()


def live(wanted: Wanted, manner: Manner) -> None:
    """Until Ctrl-C; what was not shown yet is told before it leaves, and kept where it should be."""
    View(wanted, manner).run()


@dataclass
class View:
    wanted: Wanted
    manner: Manner
    before: Snapshot | None = None
    shown: str = field(default="")

    def run(self) -> None:
        from kinetune.logs.ledger import Ledger

        ledger = Ledger()
        look = Look(self.wanted)
        self.before = self.wanted.since or look.counters()
        due = time.monotonic() + min(self.manner.pause, 1.0)  # the first soon
        try:
            for _ in self._ticks(ledger):
                if time.monotonic() >= due:
                    self.show(ledger)
                    due = time.monotonic() + self.manner.pause
        except KeyboardInterrupt:
            self.show(ledger, last=True)
            raise

    def _ticks(self, ledger: Ledger) -> Iterator[None]:
        """Takes what comes; yields at each quiet moment, and once in a thousand events."""
        from kinetune.logs.follow import follow

        if not (self.wanted.sources.paths or self.wanted.sources.journal):
            while True:
                time.sleep(_PAUSE)
                yield None
        for number, event in enumerate(follow(self.wanted.sources, self.wanted.options, ledger.tally)):
            if event is None:
                yield None
                continue
            ledger.take((event,))
            if number % 1000 == 0:
                yield None

    def show(self, ledger: Ledger, *, last: bool = False) -> None:
        """Off a terminal only what differs from what stands there already."""
        look = Look(self.wanted)
        logs = bool(self.wanted.sources.paths or self.wanted.sources.journal)
        seen = look.seen(ledger.reading() if logs else None, self.before)
        told, _ = telling(seen, replace(self.wanted, explain=0), self.manner)
        format, output = self.manner.out
        if format == "text" and sys.stdout.isatty() and not last:
            self._in_place(told)
        else:
            self._below(told, format)
        if last and output:
            from kinetune.reports.table import save

            save(told, output)
        if last and self.manner.save:
            from kinetune.commands.hotspots_snapshot import keep

            keep(seen.snapshot, self.manner.save)

    def _in_place(self, told: Report) -> None:
        from kinetune.reports.text import write

        page = _Page()
        write(told, page)
        lines = page.getvalue().splitlines()
        height = _height()
        if len(lines) > height:
            lines = [*lines[: height - 1], "… more: make the window taller, or --top smaller"]
        sys.stdout.write(HOME + "".join(f"{line}{CLEAR_LINE}\n" for line in lines) + CLEAR_BELOW)
        sys.stdout.flush()

    def _below(self, told: Report, format: str) -> None:
        from kinetune.reports.table import write

        page = io.StringIO()
        write(told, format, page)
        if page.getvalue() != self.shown:
            sys.stdout.write(("\n" if self.shown and format != "json" else "") + page.getvalue())
            sys.stdout.flush()
        self.shown = page.getvalue()


def _height() -> int:
    import os

    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).lines - 1, 5)
    except OSError:
        return 40
