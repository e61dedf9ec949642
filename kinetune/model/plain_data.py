"""Values as JSON-able data and back, by their types: one rule for all of the model."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, get_args, get_origin

from kinetune.model.unknown import Unknown


def encode(value: object) -> Any:
    """
    The value as JSON knows it; the only encoder of the program. TypeError for bytes: values of objects never leave it.

    Dataclasses become objects by field, enums their values, Unknown {"reason": …}, times UTC ISO 8601 with Z (a time
    without zone is UTC), sets sorted lists, NaN and infinity null.
    """
    if isinstance(value, Enum):
        return encode(value.value)
    if isinstance(value, float | Decimal):
        return _encode_number(value)
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, date | PurePath):
        return _encode_word(value)
    if isinstance(value, Mapping):
        return {str(encode(key)): encode(item) for key, item in value.items()}
    return _encode_parts(value)


def _encode_number(value: float | Decimal) -> float | int | None:
    if not math.isfinite(value):
        return None  # JSON has neither, and a reader that is strict would refuse the whole file
    if isinstance(value, float):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def _encode_word(value: date | PurePath) -> str:
    if not isinstance(value, datetime):
        return str(value)
    known = value if value.tzinfo else value.replace(tzinfo=UTC)
    return known.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _encode_parts(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((encode(item) for item in value), key=str)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def decode(kind: Any, data: Any) -> Any:
    """
    The value of a type that encode() made `data` of.

    A field that is missing takes its default. Raises KeyError, TypeError or ValueError where the data do not fit.
    """
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(get_args(kind), data)
    if origin is tuple:
        return _decode_tuple(get_args(kind), data)
    if origin is frozenset:
        return frozenset(decode(get_args(kind)[0], item) for item in data)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, dict):
            raise TypeError(f"an object was expected, not {type(data).__name__}")
        return {key: decode(get_args(kind)[1], item) for key, item in data.items()}
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(typing.cast(type, kind), data)
    return _decode_simple(kind, data)


def _decode_union(kinds: tuple[Any, ...], data: Any) -> Any:
    if data is None and types.NoneType in kinds:
        return None
    if Unknown in kinds and isinstance(data, dict) and set(data) == {"reason"}:
        return Unknown(data["reason"])
    (kind,) = (kind for kind in kinds if kind not in (types.NoneType, Unknown))
    return decode(kind, data)


def _decode_tuple(kinds: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise TypeError(f"a list was expected, not {type(data).__name__}")
    if kinds[-1] is Ellipsis:
        return tuple(decode(kinds[0], item) for item in data)
    return tuple(decode(kind, item) for kind, item in zip(kinds, data, strict=True))


def _decode_dataclass(kind: type, data: Any) -> Any:
    if not isinstance(data, dict):
        raise TypeError(f"{kind.__name__} was expected, not {type(data).__name__}")
    hints = typing.get_type_hints(kind)
    given = {
        field.name: decode(hints[field.name], data[field.name])
        for field in dataclasses.fields(kind)
        if field.name in data
    }
    return kind(**given)


def _decode_simple(kind: Any, data: Any) -> Any:
    if kind is datetime:
        when = datetime.fromisoformat(data)
        return when if when.tzinfo else when.replace(tzinfo=UTC)  # a time that was edited by hand
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if kind in (str, int, float, bool) and not isinstance(data, (int, float) if kind is float else kind):
        raise TypeError(f"{kind.__name__} was expected, not {type(data).__name__}")
    return data
