"""Logs that grow: as `tail -F`, also through rotation and truncation."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from kinetune.logs.options import LogOptions, Sources
from kinetune.logs.scan import Event, Scanner
from kinetune.logs.sources import BLOCK, Input, expand, journal_command
from kinetune.logs.tally import Tally
from kinetune.model.failure import CouldNotLook, UsageFailure

_PAUSE = 0.25


def follow(sources: Sources, options: LogOptions, tally: Tally) -> Iterator[Event | None]:
    """
    What is there and then what comes, for ever; None whenever all sources are quiet, at least four times a second.

    A file that was rotated (another file has its name) is read to its end, then the new one from its beginning; one
    that was truncated is read from the beginning; one that is gone is waited for. Each is said in `tally.notices`.
    """
    tails = [_tail(one, options, tally) for one in expand(sources, tally.notice)]
    try:
        while True:
            busy = False
            for tail in tails:
                for event in tail.more():
                    busy = True
                    yield event
            yield None
            if not busy:
                time.sleep(_PAUSE)
    finally:
        for tail in tails:
            tail.close()


def _tail(one: Input, options: LogOptions, tally: Tally) -> _File | _Stream:
    if one.packed:
        raise UsageFailure(f"{one.name} is packed and cannot grow", "follow the plain file")
    scanner = Scanner(one.name, options, tally, one.changed)
    if one.unit:
        return _Stream(scanner, _journal(one.unit))
    if one.name == "-":
        return _Stream(scanner, sys.stdin.buffer)
    return _File(one.name, lambda: Scanner(one.name, options, tally, time.time()), tally.notice, scanner)


def _journal(unit: str) -> IO[bytes]:
    try:
        process = subprocess.Popen(journal_command(unit, follow=True), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise CouldNotLook(
            f"the journal of {unit} needs the program journalctl", "which is not installed here"
        ) from None
    assert process.stdout is not None
    return process.stdout


@dataclass
class _Stream:
    """A pipe: stdin, or journalctl's output."""

    scanner: Scanner
    file: IO[bytes]
    _ended: bool = False

    def more(self) -> Iterator[Event]:
        while not self._ended and self._ready():
            block = os.read(self.file.fileno(), BLOCK)
            self._ended = not block
            yield from self.scanner.feed(block) if block else self.scanner.finish()

    def _ready(self) -> bool:
        with selectors.SelectSelector() as selector:
            selector.register(self.file, selectors.EVENT_READ)
            return bool(selector.select(0))

    def close(self) -> None:
        if self.file is not sys.stdin.buffer:
            self.file.close()


@dataclass
class _File:
    """A file by its name. `fresh` makes the scanner of the file that follows."""

    name: str
    fresh: Callable[[], Scanner]
    notice: Callable[[str], None]
    scanner: Scanner
    _file: IO[bytes] | None = field(default=None)
    _gone: bool = False

    def more(self) -> Iterator[Event]:
        if self._file is None:
            self._open()
        if self._file is None:
            return
        yield from self._grown(self._file)
        yield from self._changed(self._file)

    def _grown(self, file: IO[bytes]) -> Iterator[Event]:
        while block := file.read(BLOCK):
            yield from self.scanner.feed(block)

    def _changed(self, file: IO[bytes]) -> Iterator[Event]:
        """Looks whether the name now means another file, or the file has become shorter than what was read of it."""
        try:
            now = os.stat(self.name)
        except OSError:
            if not self._gone:
                self.notice(f"{self.name} is gone; waiting for it")
            self._gone = True
            return
        before = os.fstat(file.fileno())
        if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
            self.notice(f"{self.name} was rotated; the new file is read from its beginning")
            yield from self._grown(file)
            yield from self.scanner.finish()
            self.close()
            self.scanner = self.fresh()
            self._open()
        elif now.st_size < file.tell():
            self.notice(f"{self.name} was truncated; it is read from its beginning")
            yield from self.scanner.finish()
            self.scanner = self.fresh()
            file.seek(0)

    def _open(self) -> None:
        try:
            self._file = open(self.name, "rb", buffering=0)  # noqa: SIM115 - it stays open
            self._gone = False
        except OSError as error:
            self.notice(f"{self.name} cannot be read: {error.strerror}")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
