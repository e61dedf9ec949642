"""A store that rows are read from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from kinetune.kine.keyspace import COMPACTION_MARK
from kinetune.model.transfer import RangeDigest, SourceState
from kinetune.transfer.digests import digest_batches
from kinetune.transfer.rows import Batch, Row


class Source(ABC):
    """
    One consistent view of a store, which is never written to. Opened by `open_source` (a context manager).

    Errors of the store are raised as CouldNotLook or UsageFailure, without passwords and values.
    """

    state: SourceState
    has_history: bool = True
    """Whether there may be more than one row for a key: false for etcd, whose live keys alone are read."""

    @abstractmethod
    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        """All rows of this view with an id above `after`, in the order of their ids."""

    def read_changes(self, after: int = 0) -> Iterator[Batch]:
        """
        Rows to copy while the store may still be written to: at least those of `read_rows` that will stay. What is
        missing or surplus in the end is settled by `make_equal`.
        """
        return self.read_rows(after)

    @abstractmethod
    def refresh(self) -> None:
        """Look again: a new consistent view, and a new `state`."""

    @abstractmethod
    def find_writers(self) -> tuple[str, ...]:
        """Who may still write to the store now, in words; empty if none can be seen."""

    def read_ids(self) -> Iterator[int]:
        """The ids of all rows of this view, in order."""
        for batch in self.read_rows():
            yield from (row[0] for row in batch)

    def read_digests(self, *, exact_leases: bool = True) -> Iterator[RangeDigest]:
        """A digest of each range of RANGE_IDS ids that has rows, in order."""
        return digest_batches(self.read_rows(), exact_leases=exact_leases)

    def read_compactions(self) -> list[Row]:
        """The rows named compact_rev_key: the only ones that Kine updates in place."""
        return [row for batch in self.read_rows() for row in batch if row[1] == COMPACTION_MARK]
