"""A server's records → calls and plans; a bare duration finds its statement, a slow parse becomes a signal."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from kinetune.kine.signals import SLOW_PLANNING
from kinetune.logs.autoexplain import explained
from kinetune.logs.options import LogOptions
from kinetune.logs.postgresql import Record
from kinetune.logs.statement import literal_key, place, recognise
from kinetune.model.hotspot import SeenPlan, Signal, SlowCall, Vantage

SLOW_PLANNING_MS = 100.0
_ANNOUNCED = 2000
# A server repeats its texts byte by byte: the parameters are apart. Short, so that inlined ones push nobody out.
_recognise = lru_cache(maxsize=1024)(recognise)


class Whence(NamedTuple):
    """Where a record was read, and when it was written, in seconds since 1970 UTC."""

    source: str
    at: float


class ServerCalls:
    """Remembers statements that log_statement announced, by process, for the durations that follow them."""

    def __init__(self, options: LogOptions) -> None:
        self._by = options.by
        self._announced: dict[bytes, Record] = {}

    def read(self, record: Record, whence: Whence) -> SlowCall | SeenPlan | Signal | None:
        """None for what is known but no call: a quick parse, an announcement, a duration without a statement."""
        if record.milliseconds is None:
            self._announce(record)
            return None
        if not record.kind:
            announced = self._announced.pop(record.pid, None)
            if announced is None:
                return None
            record = announced._replace(milliseconds=record.milliseconds)
        if record.kind == b"plan":
            return self._plan(record, whence)
        if record.kind in (b"parse", b"bind"):
            return _planning(record, whence)
        return self._call(record, whence)

    def _announce(self, record: Record) -> None:
        if len(self._announced) > _ANNOUNCED:
            self._announced.clear()
        self._announced[record.pid] = record

    def _call(self, record: Record, whence: Whence) -> SlowCall:
        took = record.milliseconds or 0.0
        name, eras = _recognise(record.sql) if len(record.sql) < 16384 else recognise(record.sql)
        resource = key = ""
        if name:
            found = literal_key(record.detail) or literal_key(record.sql)
            resource, key = place(found, self._by)
        return SlowCall(whence.at - took / 1000.0, name, eras, resource, key, took, whence.source, Vantage.SERVER)

    def _plan(self, record: Record, whence: Whence) -> SeenPlan | None:
        seen = explained(record.sql)
        if seen is None:
            return None
        name, eras = recognise(seen.sql)
        # Parameters are logged from PostgreSQL 16 on; before, a custom plan's conditions have the key.
        found = literal_key(seen.parameters) or literal_key(seen.sql) or literal_key(seen.plan.encode())
        resource = place(found, self._by)[0] if name else ""
        took = record.milliseconds or 0.0
        return SeenPlan(whence.at - took / 1000.0, name, eras, resource, took, whence.source, seen.plan)


def _planning(record: Record, whence: Whence) -> Signal | None:
    took = record.milliseconds or 0.0
    if took < SLOW_PLANNING_MS:
        return None
    name = recognise(record.sql)[0] or "another statement"
    return Signal(SLOW_PLANNING, whence.at, whence.source, f"{record.kind.decode()} of {name}: {took:.0f} ms")
