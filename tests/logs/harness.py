"""Bytes in, events out, without files."""

from __future__ import annotations

from collections.abc import Iterable

from kinetune.logs.options import LogOptions
from kinetune.logs.scan import Event, Scanner
from kinetune.logs.tally import Tally
from kinetune.model.hotspot import SlowCall

NEAR = 1_795_450_000.0
"""23 November 2026: the newest time of what is made up here."""


def scanned(blocks: Iterable[bytes], options: LogOptions | None = None) -> tuple[list[Event], Tally]:
    tally = Tally()
    scanner = Scanner("x.log", options or LogOptions(), tally, NEAR)
    events = [event for block in blocks for event in scanner.feed(block)]
    return events + scanner.finish(), tally


def calls(data: bytes, options: LogOptions | None = None) -> list[SlowCall]:
    return [event for event in scanned([data], options)[0] if isinstance(event, SlowCall)]
