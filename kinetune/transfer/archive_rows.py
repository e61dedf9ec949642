"""Rows as the bytes of a backup: numbers and lengths, then key and values; and the text of kinetune 0.1.0."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from kinetune.model.failure import Refused
from kinetune.transfer.rows import COLUMN_NAMES, Batch, Row

_HEAD = struct.Struct(">6q3i")
"""The six integers of a row in the order of its columns, then the bytes of key, value and old value; -1 for NULL."""
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_MEANING = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_NULL = rb"\N"


def encode_rows(batch: Batch) -> bytes:
    """
    The bytes of these rows. Equal rows have equal bytes, whichever store they come from. Raises Refused for a key that
    is not UTF-8.
    """
    parts: list[bytes] = []
    pack = _HEAD.pack
    for number, name, created, deleted, create_revision, prev_revision, lease, value, old_value in batch:
        try:
            key = name.encode()
        except UnicodeEncodeError:
            raise Refused(f"the key {name!r} is not UTF-8: no target can hold it", "delete it in the source") from None
        lengths = len(key), -1 if value is None else len(value), -1 if old_value is None else len(old_value)
        parts += (pack(number, created, deleted, create_revision, prev_revision, lease, *lengths), key)
        if value:
            parts.append(value)
        if old_value:
            parts.append(old_value)
    return b"".join(parts)


def decode_rows(block: bytes) -> Batch:
    """The rows of encode_rows(). ValueError if these are not whole rows."""
    batch: Batch = []
    place, size, unpack = 0, len(block), _HEAD.unpack_from
    while place < size:
        if size - place < _HEAD.size:
            raise ValueError("a row is cut short")
        number, created, deleted, create_revision, prev_revision, lease, *lengths = unpack(block, place)
        name_end = place + _HEAD.size + lengths[0]
        value_end = name_end + max(lengths[1], 0)
        end = value_end + max(lengths[2], 0)
        if lengths[0] < 0 or end > size:
            raise ValueError("a row is cut short")
        name = block[place + _HEAD.size : name_end].decode()
        value = None if lengths[1] < 0 else block[name_end:value_end]
        old_value = None if lengths[2] < 0 else block[value_end:end]
        batch.append((number, name, created, deleted, create_revision, prev_revision, lease, value, old_value))
        place = end
    return batch


def decode_text(block: bytes, columns: Sequence[str]) -> Batch:
    """The rows of a block in the text format of COPY, whose columns are these. ValueError if these are not rows."""
    if not block.endswith(b"\n"):
        raise ValueError("a row is cut short")
    places = [columns.index(name) for name in COLUMN_NAMES]
    return [_decode_line(line, places) for line in block[:-1].split(b"\n")]


def _decode_line(line: bytes, places: list[int]) -> Row:
    fields = line.split(b"\t")
    if len(fields) <= max(places):
        raise ValueError("a row is cut short")
    number, name, *numbers, value, old_value = (fields[place] for place in places)
    created, deleted, create_revision, prev_revision, lease = (0 if text == _NULL else int(text) for text in numbers)
    return (
        int(number),
        _unescape(name).decode(),
        created,
        deleted,
        create_revision,
        prev_revision,
        lease,
        _decode_bytes(value),
        _decode_bytes(old_value),
    )


def _unescape(text: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: _MEANING.get(match[1], match[1]), text) if b"\\" in text else text


def _decode_bytes(text: bytes) -> bytes | None:
    # bytea in hex: \x and its digits, with the backslash doubled as everywhere in the format.
    return None if text == _NULL else bytes.fromhex(text.removeprefix(rb"\\x").decode())
