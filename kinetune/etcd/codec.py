"""
Messages of the etcd v3 API in protobuf's wire format, by field numbers (protobuf.dev/programming-guides/encoding).

An own codec because the protobuf package would be loaded for a dozen messages, and its version would have to agree with
that of every other package. A snapshot file holds the same messages, so nothing here needs grpc.
"""

from __future__ import annotations

from collections.abc import Iterable
from mmap import mmap
from typing import Any, NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIGN = 1 << 63
_KEY_TAG = bytes([1 << 3 | _BYTES])


class MalformedMessage(ValueError):
    """The bytes are not a protobuf message."""


class KeyValue(NamedTuple):
    """
    mvccpb.KeyValue. `revision` is that of its newest change (mod_revision), `created` that of its create. `lease` is
    the id of a lease in etcd, and the TTL in seconds in Kine; 0 for none. A byte of the key that is not UTF-8 is a
    surrogate (PEP 383), so that encode_key gives the same bytes again.
    """

    key: str
    value: bytes
    revision: int
    created: int
    lease: int


def decode_fields(data: bytes) -> list[tuple[int, Any]]:
    """
    Number and value of each field, in the order of the message: an int for a number, bytes for text, bytes and embedded
    messages. Numbers are read as int64. Raises MalformedMessage.
    """
    fields: list[tuple[int, Any]] = []
    at, end = 0, len(data)
    try:
        while at < end:
            tag = data[at]
            at += 1
            if tag > 127:
                tag, at = _read_varint(data, at - 1)
            # One byte holds most lengths and flags: this branch makes a decode twice as fast.
            kind = tag & 7
            if kind in (_VARINT, _BYTES):
                value = data[at]
                at += 1
                if value > 127:
                    value, at = _read_varint(data, at - 1)
                if kind == _BYTES:
                    start, at = at, at + value
                    fields.append((tag >> 3, data[start:at]))
                else:
                    fields.append((tag >> 3, value - 2 * _SIGN if value >= _SIGN else value))
            elif kind in (_FIXED64, _FIXED32):
                start, at = at, at + (8 if kind == _FIXED64 else 4)
                fields.append((tag >> 3, int.from_bytes(data[start:at], "little")))
            else:
                raise MalformedMessage(f"unknown wire type {kind}")
    except IndexError:
        raise MalformedMessage("a number is cut off") from None
    if at != end:
        raise MalformedMessage("a field is cut off")
    return fields


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at that place, and the place after it."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
        if shift > 63:
            raise MalformedMessage("a number is longer than 64 bits")


def encode_fields(fields: Iterable[tuple[int, int | bytes | None]]) -> bytes:
    """
    The message with these fields. A field that is None is left out; a zero is written, which makes a difference only
    for the members of a oneof.
    """
    parts = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            parts += _encode_varint(number << 3 | _VARINT) + _encode_varint(value)
        elif value is not None:
            parts += _encode_varint(number << 3 | _BYTES) + _encode_varint(len(value)) + value
    return bytes(parts)


def _encode_varint(number: int) -> bytes:
    number &= 2 * _SIGN - 1  # a negative number is written as its two's complement
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def encode_key(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")


def decode_key(key: bytes) -> str:
    return key.decode("utf-8", "surrogateescape")


def read_key(data: mmap, at: int) -> bytes:
    """The key of the KeyValue at that place of a file, without decoding the rest. Raises MalformedMessage."""
    if data[at : at + 1] != _KEY_TAG:
        raise MalformedMessage("a key is missing")
    length, start = _read_varint(data[at + 1 : at + 11], 0)
    return data[at + 1 + start : at + 1 + start + length]


def decode_key_value(data: bytes) -> KeyValue:
    """Raises MalformedMessage."""
    fields = dict(decode_fields(data))
    key = fields.get(1, b"")
    value = fields.get(5, b"")
    if not isinstance(key, bytes) or not isinstance(value, bytes):
        raise MalformedMessage("a key or value is a number")
    return KeyValue(decode_key(key), value, fields.get(3, 0), fields.get(2, 0), fields.get(6, 0))
