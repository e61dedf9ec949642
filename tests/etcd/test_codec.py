"""Messages of etcd as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.etcd.codec import (
    KeyValue,
    MalformedMessage,
    decode_fields,
    decode_key_value,
    encode_fields,
    encode_key,
)

NUMBERS = st.integers(-(2**63), 2**63 - 1)
FIELDS = st.lists(st.tuples(st.integers(1, 2**29 - 1), NUMBERS | st.binary(max_size=300)))


@given(FIELDS)
def test_fields_are_read_as_they_were_written(fields: list[tuple[int, int | bytes]]) -> None:
    assert decode_fields(encode_fields(fields)) == fields


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_malformed(data: bytes) -> None:
    try:
        decode_key_value(data)
    except MalformedMessage:
        return
    assert decode_fields(data) is not None


@given(FIELDS, st.data())
def test_a_cut_message_has_no_other_fields(fields: list[tuple[int, int | bytes]], data: st.DataObject) -> None:
    whole = encode_fields(fields)
    try:
        found = decode_fields(whole[: data.draw(st.integers(0, len(whole)))])
    except MalformedMessage:
        return
    assert found == fields[: len(found)]


# The examples of protobuf.dev/programming-guides/encoding.
@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("08 96 01", [(1, 150)]),
        ("12 07 74 65 73 74 69 6e 67", [(2, b"testing")]),
        ("08 fe ff ff ff ff ff ff ff ff 01", [(1, -2)]),
        ("1a 03 08 96 01", [(3, b"\x08\x96\x01")]),
        ("0d 01 00 00 00 11 02 00 00 00 00 00 00 00", [(1, 1), (2, 2)]),
    ],
)
def test_documented_examples(data: str, fields: list[tuple[int, int | bytes]]) -> None:
    assert decode_fields(bytes.fromhex(data)) == fields


@pytest.mark.parametrize("data", ["08", "08 96", "12 07 74", "0b", "0d 01", "08 ff ff ff ff ff ff ff ff ff ff 01"])
def test_malformed_messages(data: str) -> None:
    with pytest.raises(MalformedMessage):
        decode_fields(bytes.fromhex(data))


def test_a_field_that_is_none_is_left_out_and_a_zero_is_written() -> None:
    assert encode_fields([(1, None), (2, 0), (3, b"")]) == bytes.fromhex("10 00 1a 00")


@given(st.binary(max_size=20))
def test_any_key_keeps_its_bytes(key: bytes) -> None:
    found = decode_key_value(encode_fields([(1, key), (2, 3), (3, 7), (4, 2), (5, b"v"), (6, 2**62 + 1)]))
    assert encode_key(found.key) == key
    assert found[1:] == (b"v", 7, 3, 2**62 + 1)


def test_absent_fields_are_zero() -> None:
    assert decode_key_value(encode_fields([(1, b"/a"), (3, 5)])) == KeyValue("/a", b"", 5, 0, 0)
