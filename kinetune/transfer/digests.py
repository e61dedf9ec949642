"""
Digests of rows by ranges of ids: what two stores are compared by.

sql/facts/range_digests.sql computes the same in the server, so that the values of a database do not leave it. Anyone
can run it in psql and compare the result with the certificate of a move.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator

from kinetune.model.transfer import RANGE_IDS, RangeDigest
from kinetune.transfer.rows import Batch, Row


def digest_batches(batches: Iterable[Batch], *, exact_leases: bool = True) -> Iterator[RangeDigest]:
    """
    The digest of each range of RANGE_IDS ids that has rows, in order. Without `exact_leases` a lease counts as 1: those
    of etcd count down between two reads.
    """
    rows = (row for batch in batches for row in batch)
    for number, group in itertools.groupby(rows, lambda row: row[0] // RANGE_IDS):
        yield _digest_range(number, list(group), exact_leases)


def _digest_range(number: int, rows: list[Row], exact_leases: bool) -> RangeDigest:
    text = "\n".join(row_text(row, exact_leases=exact_leases) for row in rows)
    md5 = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return RangeDigest(number, len(rows), rows[0][0], rows[-1][0], sum(row[0] for row in rows), md5)


def row_text(row: Row, *, exact_leases: bool = True) -> str:
    """What is hashed of a row: all columns, values by their md5. The key is last, because it may contain the mark."""
    number, name, created, deleted, create_revision, prev_revision, lease, value, old_value = row
    if not exact_leases:
        lease = min(lease, 1)
    return (
        f"{number}|{created}|{deleted}|{create_revision}|{prev_revision}|{lease}|"
        f"{_hash_value(value)}|{_hash_value(old_value)}|{name}"
    )


def _hash_value(value: bytes | None) -> str:
    return "-" if value is None else hashlib.md5(value, usedforsecurity=False).hexdigest()
