"""PostgreSQL's jsonlog (15 and later), and CloudNativePG's log, which wraps the same record."""

from __future__ import annotations

from typing import Any

from kinetune.logs.envelopes import parse_json, unwrap_line
from kinetune.logs.stderrlog import HEAD, StatementRecord, make_record


def parse_json_record(line: bytes, end: int) -> StatementRecord | None:
    """The record of a line; None if its message is not about a statement. `end` is where the next line begins."""
    brace = line.find(b'{"')
    entry = unwrap_line(line[brace:]).record if brace >= 0 else None
    if not entry:
        return None
    record = _inner_record(entry)
    message = _text_field(record, "message")
    head = HEAD.match(message)
    if head is None or not head[0]:
        return None
    # PostgreSQL names the fields timestamp and pid; CloudNativePG, which reads csvlog, log_time and process_id.
    time = _text_field(record, "timestamp") or _text_field(record, "log_time")
    origin = (time, str(record.get("pid", record.get("process_id"))).encode())
    return make_record(
        head, (message[head.end() :], _text_field(record, "detail")), origin, ("postgresql jsonlog", end)
    )


def _inner_record(entry: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL's record in CloudNativePG's field `record`, an object or its JSON text; else the entry itself."""
    inner = entry.get("record")
    inner = parse_json(inner) if isinstance(inner, str) else inner
    return inner if isinstance(inner, dict) else entry


def _text_field(record: dict[str, Any], key: str) -> bytes:
    value = record.get(key)
    return value.encode("utf-8", "replace") if isinstance(value, str) else b""
