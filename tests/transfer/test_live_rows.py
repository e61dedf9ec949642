"""Live rows of a store with history, and a store without the rows that fill gaps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.transfer import SourceKind, SourceState
from kinetune.transfer.live_rows import LiveRowsSource, WithoutGapRows, compaction_row, gap_row
from kinetune.transfer.rows import Row
from kinetune.transfer.source import Source
from tests.transfer.tables import ListedSource, flat, row

A, B, C = (f"/registry/pods/a/{name}" for name in "abc")
HISTORY = [
    row(1, "compact_rev_key", prev_revision=2, value=b""),
    row(3, A, lease=7, old_value=b"before"),
    row(4, B, create_revision=0, prev_revision=2),
    row(5, A, created=0, create_revision=3, prev_revision=3, value=None, old_value=b"v3"),
    gap_row(6),
    row(7, B, created=0, deleted=1, create_revision=4, prev_revision=4),
    row(8, C, lease=3600),
]


class Listed(ListedSource):
    """With a state, whose sequence may be ahead of the rows."""

    def __init__(self, rows: list[Row], last_id: int | None = None) -> None:
        super().__init__(rows)
        newest = rows[-1][0] if rows else 0
        self.state = SourceState(SourceKind.SQLITE, "sqlite:state.db", "SQLite 3.45.1", newest, len(rows), last_id, 2)

    def refresh(self) -> None:
        self.state = replace(self.state, revision=self.rows[-1][0])


def test_the_newest_row_of_each_living_key_is_taken_and_all_before_is_compacted() -> None:
    source = LiveRowsSource(Listed(HISTORY), 0)
    assert flat(source.read_rows()) == [
        (5, A, 0, 0, 3, 0, 0, b"", None),
        (8, C, 1, 0, 0, 0, 3600, b"v8", None),
        (9, "compact_rev_key", 1, 0, 0, 8, 0, b"", None),
    ]
    assert (source.state.revision, source.state.compacted) == (9, 8)
    assert source.read_compactions() == [compaction_row(8)]
    assert not source.has_history


def test_ids_and_digests_are_those_of_the_rows() -> None:
    source = LiveRowsSource(Listed(HISTORY), 0)
    assert list(source.read_ids()) == [5, 8, 9]
    assert [(one.rows, one.sum_ids) for one in source.read_digests()] == [(3, 22)]


def test_a_bump_raises_the_revision_and_no_object() -> None:
    source = LiveRowsSource(Listed(HISTORY), 1_000_000)
    assert [one[0] for one in flat(source.read_rows())] == [5, 8, 1_000_009]
    assert (source.state.revision, source.state.compacted) == (1_000_009, 1_000_008)


def test_a_deletion_as_the_last_change_counts() -> None:
    rows = [*HISTORY, row(9, C, created=0, deleted=1, create_revision=8, prev_revision=8)]
    source = LiveRowsSource(Listed(rows), 0)
    assert [one[0] for one in flat(source.read_rows())] == [5, 10]


@pytest.mark.parametrize(("last_id", "compacted"), [(None, 8), (5, 8), (8, 8), (20, 20)])
def test_no_revision_that_the_sequence_has_given_is_given_again(last_id: int | None, compacted: int) -> None:
    source = LiveRowsSource(Listed(HISTORY, last_id), 0)
    assert flat(source.read_rows())[-1] == compaction_row(compacted)


def test_rows_after_an_id() -> None:
    source = LiveRowsSource(Listed(HISTORY), 0)
    assert [one[0] for one in flat(source.read_rows(5))] == [8, 9]


def test_what_is_copied_while_it_changes_has_no_compaction_row() -> None:
    source = LiveRowsSource(Listed(HISTORY), 0)
    assert [one[0] for one in flat(source.read_changes())] == [5, 8]
    assert [one[0] for one in flat(source.read_changes(3))] == [4, 5, 8], "superseded rows are removed at the end"


def test_an_empty_store_is_one_compaction_row() -> None:
    assert flat(LiveRowsSource(Listed([]), 0).read_rows()) == [compaction_row(0)]


def test_gap_rows_are_left_out_except_the_newest_row() -> None:
    source = WithoutGapRows(Listed([*HISTORY, gap_row(9), gap_row(10)]))
    assert [one[0] for one in flat(source.read_rows())] == [1, 3, 4, 5, 7, 8, 10]
    assert source.state.revision == 10
    assert source.read_compactions() == HISTORY[:1]


def test_a_gap_row_that_is_no_longer_the_newest_is_left_out() -> None:
    inner = Listed([*HISTORY, gap_row(9)])
    source: Source = WithoutGapRows(inner)
    assert flat(source.read_rows())[-1] == gap_row(9)
    inner.rows.append(row(10))
    source.refresh()
    assert [one[0] for one in flat(source.read_rows(7))] == [8, 10]
