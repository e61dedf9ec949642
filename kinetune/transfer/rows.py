"""Rows of a Kine store as plain tuples: the one form in which every source is read and every target is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kinetune.kine.schema import COLUMNS

Row = tuple[int, str, int, int, int, int, int, bytes | None, bytes | None]
"""
A revision, in the order of COLUMN_NAMES. A NULL in an integer column is read as 0: releases before v0.16.6 cannot list
a row whose create_revision is NULL (docs/facts/moving.md §0.2). A NULL value stays None.
"""
Batch = list[Row]
"""Rows in ascending order of their ids."""
COLUMN_NAMES = tuple(column.name for column in COLUMNS)
BATCH_ROWS = 1_000
BATCH_BYTES = 4 * 1024 * 1024
"""A batch ends with the row that reaches either limit. Values are up to 1.5 MiB, so a batch stays below 6 MiB."""


def batch_rows(rows: Iterable[Row]) -> Iterator[Batch]:
    """The rows in batches of at most BATCH_ROWS rows."""
    batch: Batch = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row[7] or b"") + len(row[8] or b"")
        if len(batch) == BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
