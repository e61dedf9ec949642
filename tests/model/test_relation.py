"""How many rows a table has, as far as one look tells."""

from __future__ import annotations

import pytest

from kinetune.model.facts import Relation


@pytest.mark.parametrize(
    ("rows", "counted", "newest", "compacted", "size"),
    [
        (None, None, None, None, None),
        (100, None, 900, None, 100),  # PostgreSQL: the planner's estimate
        (2_000, 0, None, 0, 0),  # planted, and empty
        (2_000, 17, 17, 0, 17),
        (2_000, 4_000, 50_000, 0, 50_000),  # planted, and grown
        (60_000, 4_000, 50_000, 49_000, 60_000),
        (None, 4_000, 50_000, 49_000, 4_000),
    ],
)
def test_size_is_what_is_known_at_least(
    rows: int | None, counted: int | None, newest: int | None, compacted: int | None, size: int | None
) -> None:
    seen = Relation("public", "r", (), None, (), None, rows=rows, counted=counted, max_id=newest, compacted=compacted)
    assert seen.size == size
