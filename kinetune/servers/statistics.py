"""When YugabyteDB's statistics of kine serve Kine's queries (measured.md §9 and §11)."""

from __future__ import annotations

PLANTED_ROWS = 2_000
"""From so many rows in pg_class.reltuples on, plans are as good as they get: with 500, counts still read an index."""
SERVES_UNTIL = 500_000
"""Rows up to which statistics of PLANTED_ROWS were measured to give the same plans."""


def is_due(believed: int | None, counted: int | None) -> bool:
    """
    Whether ANALYZE has something to gain: enough rows, and statistics that are missing or of less than half of them.

    `believed` is reltuples (None: 0), `counted` the rows up to twice PLANTED_ROWS (None: not counted). Fewer than
    PLANTED_ROWS are not worth it: statistics of few rows make lists dear once there are many.
    """
    return counted is not None and counted >= PLANTED_ROWS and (believed or 0) < counted / 2


def are_missing(believed: int | None, counted: int | None) -> bool:
    """Whether there are rows that the planner knows nothing of, few or many."""
    return bool(counted) and not believed
