"""Reports for programs: JSON with raw numbers, a kind and the version of its form."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import TextIO

from kinetune.model.report import Report


def write(report: Report, stream: TextIO) -> None:
    """`{"kind", "schema", …data}` in ASCII, fields in the order of `data`; no number is NaN or infinite."""
    form = {"kind": report.kind, "schema": report.schema, **report.data}
    stream.write(json.dumps(plain(form), indent=2, allow_nan=False) + "\n")


def plain(value: object) -> object:
    """
    The value as JSON knows it. Dataclasses become objects, enums their values, times UTC ISO-8601 with Z (a time
    without zone is taken as UTC), sets sorted lists, NaN and infinities null. Anything else is a TypeError.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float | Decimal):
        return _number(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, date | PurePath):
        return _word(value)
    return _many(value)


def _number(value: float | Decimal) -> float | int | None:
    if not math.isfinite(value):
        return None
    if isinstance(value, float):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def _word(value: date | PurePath) -> str:
    if not isinstance(value, datetime):
        return str(value)
    known = value if value.tzinfo else value.replace(tzinfo=UTC)
    return known.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _many(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(one) for one in value), key=str)
    raise TypeError(f"no JSON form for {type(value).__name__}")
