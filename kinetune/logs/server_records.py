"""Records of a server's log → calls, plans and signals."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from kinetune.kine.signals import SLOW_PLANNING
from kinetune.logs.auto_explain import parse_auto_explain
from kinetune.logs.options import LogOptions
from kinetune.logs.statements import MAX_STATEMENT_BYTES, find_literal_key, locate_key, recognise_statement
from kinetune.logs.stderrlog import StatementRecord
from kinetune.model.hotspot import LoggedPlan, Signal, SlowCall, Vantage

SLOW_PLANNING_MS = 100.0
_MAX_ANNOUNCED = 2000
"""More than a server has processes: only entries of processes that ended without a duration are lost."""
# The texts of prepared statements repeat to the byte, as their parameters are apart. The cache is small so that texts
# with values in them cannot fill the memory.
_recognise_repeated = lru_cache(maxsize=1024)(recognise_statement)


class RecordOrigin(NamedTuple):
    """The source of a record, and when it was written, in seconds since 1970 UTC."""

    source: str
    at: float


class ServerRecordReader:
    """Remembers the statement that log_statement logged for each process until its duration follows (log_duration)."""

    def __init__(self, options: LogOptions) -> None:
        self._by = options.by
        self._announced: dict[bytes, StatementRecord] = {}

    def interpret(self, record: StatementRecord, origin: RecordOrigin) -> SlowCall | LoggedPlan | Signal | None:
        """The event of a record; None for a fast parse, a statement without duration and a duration without one."""
        if record.milliseconds is None:
            self._remember_statement(record)
            return None
        if not record.kind:
            announced = self._announced.pop(record.pid, None)
            if announced is None:
                return None
            record = announced._replace(milliseconds=record.milliseconds)
        if record.kind == b"plan":
            return self._make_plan(record, origin)
        if record.kind in (b"parse", b"bind"):
            return _make_planning_signal(record, origin)
        return self._make_call(record, origin)

    def _remember_statement(self, record: StatementRecord) -> None:
        if len(self._announced) > _MAX_ANNOUNCED:
            self._announced.clear()
        self._announced[record.pid] = record

    def _make_call(self, record: StatementRecord, origin: RecordOrigin) -> SlowCall:
        took = record.milliseconds or 0.0
        short = len(record.sql) < MAX_STATEMENT_BYTES
        name, eras = (_recognise_repeated if short else recognise_statement)(record.sql)
        resource = key = ""
        if name:
            found = find_literal_key(record.detail) or find_literal_key(record.sql)
            resource, key = locate_key(found, self._by)
        # The record is written when the statement ends.
        return SlowCall(origin.at - took / 1000.0, name, eras, resource, key, took, origin.source, Vantage.SERVER_LOG)

    def _make_plan(self, record: StatementRecord, origin: RecordOrigin) -> LoggedPlan | None:
        entry = parse_auto_explain(record.sql)
        if entry is None:
            return None
        name, eras = recognise_statement(entry.sql)
        # auto_explain logs parameters from PostgreSQL 16 on. Before that, the conditions of a custom plan have the key.
        texts = (entry.parameters, entry.sql, entry.plan.encode())
        key = next(filter(None, map(find_literal_key, texts)), b"")
        resource = locate_key(key, self._by)[0] if name else ""
        took = record.milliseconds or 0.0
        return LoggedPlan(origin.at - took / 1000.0, name, eras, resource, took, origin.source, entry.plan)


def _make_planning_signal(record: StatementRecord, origin: RecordOrigin) -> Signal | None:
    took = record.milliseconds or 0.0
    if took < SLOW_PLANNING_MS:
        return None
    name = recognise_statement(record.sql)[0] or "another statement"
    return Signal(SLOW_PLANNING, origin.at, origin.source, f"{record.kind.decode()} of {name}: {took:.0f} ms")
