"""
Live rows: the newest row of each key that is not deleted, with everything older declared compacted.

What a store without Kine's rows (etcd) is moved as, and any other store with --live-only or --bump-revision. Ids stay
the revisions; prev_revision is 0, because compaction deletes the row with that id, whatever its key
(docs/facts/moving.md §0.3, §1).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

from kinetune.formatting import format_count
from kinetune.kine.keyspace import COMPACTION_MARK, GAP, is_gap_row
from kinetune.model.transfer import SourceState
from kinetune.transfer.rows import Batch, Row, batch_rows
from kinetune.transfer.source import Source

OWN_KEYS_OF_ETCD = frozenset({COMPACTION_MARK, "k3s/apiaddresses", "k3s/etcd/learnerProgress"})
"""
Live keys of etcd that are not moved: the mark of kube-apiserver's compactions, whose name Kine uses for its own, and
those of K3s about its etcd members (docs/facts/moving.md §6).
"""


def live_row(revision: int, name: str, create_revision: int, content: tuple[int, bytes]) -> Row:
    """The row of a live key. `content` is its lease in seconds (0 for none) and its value."""
    lease, value = content
    created = create_revision == revision
    return (revision, name, int(created), 0, 0 if created else create_revision, 0, lease, value, None)


def compaction_row(revision: int) -> Row:
    """The row compact_rev_key that declares everything up to `revision` compacted. Its own id is the next revision."""
    return (revision + 1, COMPACTION_MARK, 1, 0, 0, revision, 0, b"", None)


def describe_renumbered(keys: int) -> str:
    """What is done with keys that share a revision; Kubernetes writes one key in each (docs/facts/moving.md §7)."""
    verb = "shares its revision" if keys == 1 else "share their revision"
    return f"{format_count(keys, 'key')} {verb} with another key of one transaction: moved with a new revision"


def gap_row(revision: int) -> Row:
    """The row that Kine inserts for a revision without one (docs/facts/moving.md §2)."""
    return (revision, f"{GAP}{revision}", 0, 1, 0, 0, 0, None, None)


class SourceView(Source):
    """Another source, of which the subclass shows other rows."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner

    @property
    def state(self) -> SourceState:  # type: ignore[override]
        return self._inner.state

    def refresh(self) -> None:
        self._inner.refresh()

    def find_writers(self) -> tuple[str, ...]:
        return self._inner.find_writers()

    def read_compactions(self) -> list[Row]:
        return self._inner.read_compactions()


class LiveRowsSource(SourceView):
    """The live rows of another source, ended by a compaction row `bump` revisions above its current one."""

    has_history = False

    def __init__(self, inner: Source, bump: int) -> None:
        super().__init__(inner)
        self._bump = bump

    @property
    def state(self) -> SourceState:  # type: ignore[override]
        inner = self._inner.state
        # A sequence may be ahead of the rows: what it has given out may be known to clients.
        revision = max(inner.revision, inner.last_id or 0) + self._bump
        return replace(inner, revision=revision + 1, compacted=revision)

    def read_compactions(self) -> list[Row]:
        return [compaction_row(self.state.compacted)]

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        rows = (row for batch in self._read_live(after) for row in batch)
        return batch_rows(itertools.chain(rows, [compaction_row(self.state.compacted)]))

    def read_changes(self, after: int = 0) -> Iterator[Batch]:
        # Without the compaction row: while the source is written to, its id becomes that of another row.
        if not self._inner.has_history:
            return self._inner.read_changes(after)
        if not after:
            return self._read_live(0)
        # Superseded rows are not looked for, which would take a pass over all rows each time.
        return self._filter_live(after, lambda row: not row[3] and _is_key(row))

    def _read_live(self, after: int) -> Iterator[Batch]:
        if not self._inner.has_history:
            return self._inner.read_rows(after)
        newest = self._find_newest()
        return self._filter_live(after, lambda row: row[0] in newest)

    def _filter_live(self, after: int, is_live: Callable[[Row], bool]) -> Iterator[Batch]:
        batches = ([_as_live(row) for row in batch if is_live(row)] for batch in self._inner.read_rows(after))
        return filter(None, batches)

    def _find_newest(self) -> frozenset[int]:
        """Ids of the newest row of each key, without deleted ones: one pass over all rows, a number for each key."""
        newest: dict[str, int] = {}
        for batch in self._inner.read_rows():
            for row in batch:
                if row[3]:
                    newest.pop(row[1], None)
                elif _is_key(row):
                    newest[row[1]] = row[0]
        return frozenset(newest.values())


def _is_key(row: Row) -> bool:
    return row[1] != COMPACTION_MARK and not is_gap_row(row[1])


def _as_live(row: Row) -> Row:
    number, name, created, _, create_revision, _, lease, value, _ = row
    return live_row(number, name, number if created else create_revision, (lease, value or b""))


class WithoutGapRows(SourceView):
    """Another source without rows that fill gaps in the ids. The newest row stays: its id is the current revision."""

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        for batch in self._inner.read_rows(after):
            if kept := [row for row in batch if not is_gap_row(row[1]) or row[0] == self.state.revision]:
                yield kept
