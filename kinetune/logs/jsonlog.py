"""PostgreSQL's jsonlog (15 and later), and CloudNativePG's, which has the same record inside one of its own."""

from __future__ import annotations

import json
from typing import Any

from kinetune.logs.envelope import peel
from kinetune.logs.postgresql import HEAD, Record, made


def record(line: bytes, end: int) -> Record | None:
    """The record of a line; None where its message is not about a statement. `end` is where the next line begins."""
    brace = line.find(b'{"')
    said = peel(line[brace:]).record if brace >= 0 else None
    inner = _cloud_native(said) if said else None
    if inner is None:
        return None
    message = _text(inner, "message")
    head = HEAD.match(message)
    if head is None or not head[0]:
        return None
    who = (
        _text(inner, "timestamp") or _text(inner, "log_time"),
        str(inner.get("pid", inner.get("process_id"))).encode(),
    )
    return made(head, (message[head.end() :], _text(inner, "detail")), who, ("postgresql jsonlog", end))


def _cloud_native(said: dict[str, Any]) -> dict[str, Any]:
    inner = said.get("record")
    if isinstance(inner, str):
        try:
            inner = json.loads(inner)
        except ValueError:
            return said
    return inner if isinstance(inner, dict) else said


def _text(said: dict[str, Any], key: str) -> bytes:
    value = said.get(key)
    return value.encode("utf-8", "replace") if isinstance(value, str) else b""
