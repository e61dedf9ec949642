"""
Copy a store while it is in use, pass after pass, until it is not written to any more.

Ids of PostgreSQL and MySQL become visible out of order, up to 252 ids late, and compaction deletes rows that were
copied (docs/facts/moving.md §8). So each pass reads the last OVERLAP ids again, and a pass proves nothing: after the
stop `make_equal` compares all ids in both directions.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.transfer.copying import copy_missing_rows
from kinetune.transfer.incoming import IncomingTable
from kinetune.transfer.source import Source

OVERLAP = 1_000
"""Ids that each pass reads again. With 100, up to 2 rows of a run were left to the last comparison, with 1,000 none."""
PASS_SECONDS = 1.0
"""Pause between two passes. An idle cluster writes every 2 s: leader elections renew leases."""
CLOSE_SECONDS = 3.0
"""A pass that took no longer has copied what was written within a few seconds: the source may be stopped."""
MOST_PASSES = 5
"""Each pass copies what was written during the one before. If they are still long after these, they stay so."""


@dataclass(frozen=True)
class FollowPass:
    """
    A pass: its number, the revision of the source, how many revisions the target was behind it when the pass began, the
    rows that it copied, and its seconds.
    """

    number: int
    revision: int
    behind: int
    rows: int
    seconds: float

    @property
    def is_quiet(self) -> bool:
        """Nothing new: the same revision as before, and no row."""
        return not self.behind and not self.rows

    @property
    def is_close(self) -> bool:
        """Whether the source may be stopped now, because a further pass would bring the target no closer."""
        return self.seconds <= CLOSE_SECONDS or self.number >= MOST_PASSES


def iterate_passes(source: Source, table: IncomingTable) -> Iterator[FollowPass]:
    """Passes without end or pause: the caller sees when the source has stopped. The first copy has been made."""
    revision = source.state.revision
    for number in itertools.count(1):
        started, before = time.monotonic(), revision
        source.refresh()
        revision = source.state.revision
        rows = copy_missing_rows(source, table, after=max(table.newest_id() - OVERLAP, 0))
        yield FollowPass(number, revision, revision - before, rows, time.monotonic() - started)
