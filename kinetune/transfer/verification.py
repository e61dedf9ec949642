"""Prove that a table holds exactly the rows of a source: digests of ranges of ids, and the first difference."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from kinetune.model.transfer import RANGE_IDS, Comparison, Mismatch, RangeDigest
from kinetune.transfer.incoming import IncomingTable, ReportRows, ignore_rows
from kinetune.transfer.rows import COLUMN_NAMES, Row
from kinetune.transfer.source import Source


def compare_with_source(
    source: Source, table: IncomingTable, report: ReportRows = ignore_rows, *, exact_leases: bool = True
) -> Comparison:
    """
    Compare count, least and greatest id, sum of ids and md5 over all columns of every range of RANGE_IDS ids.

    Stops at the first range that differs. `report` gets the number of rows that are equal so far. Without
    `exact_leases` a lease counts as 1: those of etcd count down between two reads.
    """
    equal: list[RangeDigest] = []
    rows = 0
    wanted = source.read_digests(exact_leases=exact_leases)
    for expected, found in itertools.zip_longest(wanted, table.read_digests(exact_leases=exact_leases)):
        if expected != found:
            number = min(one.number for one in (expected, found) if one is not None)
            return Comparison(tuple(equal), _find_mismatch(source, table, number, exact_leases))
        equal.append(expected)
        rows += expected.rows
        report(rows)
    return Comparison(tuple(equal))


def _find_mismatch(source: Source, table: IncomingTable, number: int, exact_leases: bool) -> Mismatch:
    first = number * RANGE_IDS
    last = first + RANGE_IDS - 1
    wanted = {row[0]: row for row in _rows_of_range(source, first, last)}
    found = {row[0]: row for row in table.read_range(number)}
    for one in sorted(wanted.keys() | found.keys()):
        expected, seen = wanted.get(one), found.get(one)
        if expected is None or seen is None:
            row = expected or seen
            assert row is not None
            return Mismatch(first, last, one, row[1], missing=seen is None)
        if columns := tuple(_differing_columns(expected, seen, exact_leases)):
            return Mismatch(first, last, one, expected[1], columns)
    return Mismatch(first, last)


def _rows_of_range(source: Source, first: int, last: int) -> Iterator[Row]:
    rows = (row for batch in source.read_rows(max(first - 1, 0)) for row in batch)
    return itertools.takewhile(lambda row: row[0] <= last, rows)


def _differing_columns(expected: Row, found: Row, exact_leases: bool) -> Iterator[str]:
    for name, one, other in zip(COLUMN_NAMES, expected, found, strict=True):
        if one != other and (exact_leases or name != "lease" or not (one and other)):
            yield name
