"""Logs that grow, read as `tail -F` reads them: through rotation and truncation."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from kinetune.logs.line_reader import LogEvent
from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.running_counts import RunningCounts
from kinetune.logs.scanner import Scanner
from kinetune.logs.sources import BLOCK_BYTES, NO_JOURNALCTL, LogInput, journalctl_command, list_inputs
from kinetune.model.failure import CouldNotLook, UsageFailure

_PAUSE = 0.25
"""Seconds between two looks at files that did not grow: inotify needs a package and misses network file systems."""


def follow_logs(sources: LogSources, options: LogOptions, counts: RunningCounts) -> Iterator[LogEvent | None]:
    """
    Events of the logs and of all that is appended, without end. None follows each round over the sources, at least
    four times a second, so that the caller can refresh its view.

    A rotated file is read to its end, then the new file of that name from its beginning. A truncated file is read from
    its beginning. A removed file is waited for. `counts.notices` reports each of these.
    """
    tails = [_open_tail(log, options, counts) for log in list_inputs(sources, counts.notice)]
    try:
        while True:
            busy = False
            for tail in tails:
                for event in tail.read_new():
                    busy = True
                    yield event
            yield None
            if not busy:
                time.sleep(_PAUSE)
    finally:
        for tail in tails:
            tail.close()


def _open_tail(log: LogInput, options: LogOptions, counts: RunningCounts) -> _FileTail | _StreamTail:
    if log.compression:
        raise UsageFailure(f"cannot follow {log.name}: a compressed file does not grow", "name the uncompressed file")
    scanner = Scanner(log.name, options, counts, log.modified_at)
    if log.unit:
        return _StreamTail(scanner, _follow_journal(log.unit))
    if log.name == "-":
        return _StreamTail(scanner, sys.stdin.buffer)
    return _FileTail(log.name, lambda: Scanner(log.name, options, counts, time.time()), counts.notice, scanner)


def _follow_journal(unit: str) -> IO[bytes]:
    try:
        command = journalctl_command(unit, follow=True)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise CouldNotLook(f"cannot read the journal of {unit}: journalctl is not installed", NO_JOURNALCTL) from None
    assert process.stdout is not None
    return process.stdout


@dataclass
class _StreamTail:
    """A pipe: stdin, or the output of journalctl."""

    scanner: Scanner
    file: IO[bytes]
    _ended: bool = False

    def read_new(self) -> Iterator[LogEvent]:
        while not self._ended and self._has_data():
            # os.read returns what the pipe has; file.read would wait for a whole block.
            block = os.read(self.file.fileno(), BLOCK_BYTES)
            self._ended = not block
            yield from self.scanner.feed(block) if block else self.scanner.finish()

    def _has_data(self) -> bool:
        with selectors.SelectSelector() as selector:
            selector.register(self.file, selectors.EVENT_READ)
            return bool(selector.select(0))

    def close(self) -> None:
        if self.file is not sys.stdin.buffer:
            self.file.close()


@dataclass
class _FileTail:
    """A file by its name. `new_scanner` makes the scanner for the file that takes over the name."""

    name: str
    new_scanner: Callable[[], Scanner]
    notice: Callable[[str], None]
    scanner: Scanner
    _file: IO[bytes] | None = field(default=None)
    _gone: bool = False

    def read_new(self) -> Iterator[LogEvent]:
        if self._file is None:
            self._open()
        if self._file is None:
            return
        yield from self._read_growth(self._file)
        yield from self._check_replaced(self._file)

    def _read_growth(self, file: IO[bytes]) -> Iterator[LogEvent]:
        while block := file.read(BLOCK_BYTES):
            yield from self.scanner.feed(block)

    def _check_replaced(self, file: IO[bytes]) -> Iterator[LogEvent]:
        """Handles a rotated file (the name has another inode) and a truncated one (shorter than what was read)."""
        try:
            now = os.stat(self.name)
        except OSError:
            if not self._gone:
                self.notice(f"{self.name} was removed; waiting for a new file")
            self._gone = True
            return
        before = os.fstat(file.fileno())
        if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
            self.notice(f"{self.name} was rotated; reading the new file from its beginning")
            yield from self._read_growth(file)  # lines written between the last read and the rotation
            yield from self.scanner.finish()
            self.close()
            self.scanner = self.new_scanner()
            self._open()
        elif now.st_size < file.tell():
            self.notice(f"{self.name} was truncated; reading it from its beginning")
            yield from self.scanner.finish()
            self.scanner = self.new_scanner()
            file.seek(0)

    def _open(self) -> None:
        try:
            self._file = open(self.name, "rb", buffering=0)  # noqa: SIM115 - stays open until close()
            self._gone = False
        except OSError as error:
            self.notice(f"cannot read {self.name}: {error.strerror}")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
