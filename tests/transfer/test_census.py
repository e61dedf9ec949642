"""The census: what rows are, and what forbids a move."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

import pytest

from kinetune.model.transfer import BootstrapKey
from kinetune.transfer.census import LARGEST_VALUE, take_census
from kinetune.transfer.live_rows import gap_row
from kinetune.transfer.rows import Row, batch_rows
from tests.transfer.tables import row

POD = "/registry/pods/a/p"
BOOTSTRAP = "/bootstrap/0a1b2c3d4e5f"


def census(*rows: Row) -> Any:
    return take_census(batch_rows(rows))


def changed(number: int, name: str, previous: int, **columns: object) -> Row:
    return row(number, name, **({"created": 0, "create_revision": 1, "prev_revision": previous} | columns))


def test_rows_are_counted_by_what_they_are() -> None:
    found = census(
        row(3, "compact_rev_key", prev_revision=2, value=b""),
        row(4, POD, value=b"12345", lease=60),
        changed(5, POD, 4, value=b"123", old_value=b"12345"),
        gap_row(6),
        row(7, "/registry/pods/a/q"),
        changed(8, "/registry/pods/a/q", 7, deleted=1, value=b"v7"),
        row(9, "gap-of-teeth"),
    )
    assert (found.rows, found.live_keys, found.tombstones, found.gap_rows, found.compactions) == (7, 2, 1, 1, 1)
    assert (found.first_id, found.newest_id, found.leases) == (3, 9, 1)
    assert found.bytes == 5 + 3 + 5 + 2 + 2 + 2
    assert found.duplicates == found.unstorable == found.oversized == found.bootstrap == ()


def test_an_empty_source() -> None:
    found = census()
    assert (found.rows, found.live_keys, found.first_id, found.newest_id) == (0, 0, 0, 0)


def test_a_key_that_is_deleted_and_made_again_is_one_live_key() -> None:
    found = census(row(2, POD), changed(3, POD, 2, deleted=1), row(4, POD, prev_revision=3), changed(5, POD, 4))
    assert (found.live_keys, found.tombstones, found.duplicates) == (1, 1, ())


@pytest.mark.parametrize("lost", [2, 0])
def test_two_rows_that_replace_the_same_are_found(lost: int) -> None:
    """Without a unique index two writers replace the same row (kine#408), also when a third wrote in between."""
    others = (row(number, f"{POD}{number}") for number in range(100, 200))
    found = census(row(2, POD), changed(5, POD, 2), changed(6, POD, 5), changed(7, POD, lost), *others)
    assert found.duplicates == ((POD, lost),)


def test_rows_with_equal_prev_revision_of_different_keys_are_right() -> None:
    assert census(row(2, POD), row(3, f"{POD}2"), changed(4, POD, 2), row(5, f"{POD}3")).duplicates == ()


def test_encrypted_values_are_counted_by_provider_and_key() -> None:
    secret = "/registry/secrets/a/"
    found = census(
        row(2, f"{secret}1", value=b"k8s:enc:aesgcm:v1:key1:\x00\xff"),
        row(3, f"{secret}2", value=b"k8s:enc:aesgcm:v1:key1:\x01"),
        row(4, f"{secret}3", value=b"k8s:enc:kms:v2:cloud:x"),
        row(5, f"{secret}4", value=b"k8s:enc:secretbox:v1:old:x"),
        changed(6, f"{secret}4", 5, value=b"plain"),
        row(7, f"{secret}5", value=b"k8s:enc:secretbox:v1:gone:x"),
        changed(8, f"{secret}5", 7, deleted=1, value=b"k8s:enc:secretbox:v1:gone:x"),
    )
    assert found.encrypted == {"aesgcm:v1:key1": 2, "kms:v2:cloud": 1}


def test_bootstrap_keys_are_those_that_live() -> None:
    found = census(
        row(2, BOOTSTRAP, value=b""),
        changed(3, BOOTSTRAP, 2, value=b"certificates"),
        row(4, "/bootstrap/gone"),
        changed(5, "/bootstrap/gone", 4, deleted=1),
        row(6, "/bootstrap/empty", value=b""),
    )
    assert found.bootstrap == (BootstrapKey(BOOTSTRAP, 12), BootstrapKey("/bootstrap/empty", 0))


def test_keys_that_no_text_column_can_hold() -> None:
    found = census(row(2, "/registry/a\0b"), row(3, "/registry/\udcff"), row(4, "/registry/ü"))
    assert [why for _, why in found.unstorable] == ["contains a NUL byte", "is not UTF-8"]


def test_only_a_live_value_counts_as_too_large() -> None:
    large = b"x" * (LARGEST_VALUE + 1)
    found = census(
        row(2, POD, value=large), changed(3, POD, 2, value=b"small"), row(4, f"{POD}2", value=large),
        row(5, f"{POD}3", value=large[1:]), row(6, f"{POD}4", value=large), changed(7, f"{POD}4", 6, deleted=1),
    )  # fmt: skip
    assert found.oversized == ((f"{POD}2", LARGEST_VALUE + 1),)


def test_the_progress_is_the_rows_so_far() -> None:
    seen: list[int] = []
    take_census(batch_rows(row(number) for number in range(1, 2501)), seen.append)
    assert seen == [1000, 2000, 2500]


def test_memory_is_by_key_and_not_by_row() -> None:
    keys = [f"{POD}{number}" for number in range(100)]
    newest = dict.fromkeys(keys, 0)

    def rows() -> Any:
        chosen = random.Random(1)
        for number in range(1, 30_001):
            name = chosen.choice(keys)
            yield changed(number, name, newest[name])
            newest[name] = number

    tracemalloc.start()
    try:
        found = take_census(batch_rows(rows()))
        assert tracemalloc.get_traced_memory()[1] < 1_500_000
    finally:
        tracemalloc.stop()
    assert (found.rows, found.live_keys, found.duplicates) == (30_000, 100, ())
