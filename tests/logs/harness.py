"""Run the scanner on bytes, without files."""

from __future__ import annotations

from collections.abc import Iterable

from kinetune.logs.line_reader import LogEvent
from kinetune.logs.options import LogOptions
from kinetune.logs.running_counts import RunningCounts
from kinetune.logs.scanner import Scanner
from kinetune.model.hotspot import SlowCall

NEAR = 1_795_450_000.0
"""23 November 2026, seconds since 1970: no generated line is newer."""


def scanned(blocks: Iterable[bytes], options: LogOptions | None = None) -> tuple[list[LogEvent], RunningCounts]:
    counts = RunningCounts()
    scanner = Scanner("x.log", options or LogOptions(), counts, NEAR)
    events = [event for block in blocks for event in scanner.feed(block)]
    return events + scanner.finish(), counts


def calls(data: bytes, options: LogOptions | None = None) -> list[SlowCall]:
    return [event for event in scanned([data], options)[0] if isinstance(event, SlowCall)]
