"""How many rows a table has, as far as one look tells."""

from __future__ import annotations

from typing import Any

import pytest

from kinetune.model.facts import Relation


@pytest.mark.parametrize(
    ("looked", "size"),
    [
        ({}, None),
        ({"rows": 100, "max_id": 900}, 100),  # PostgreSQL: the planner's estimate
        ({"rows": 2_000, "counted": 0, "compacted": 0}, 0),  # planted, and empty
        ({"rows": 2_000, "counted": 17, "max_id": 17, "compacted": 0}, 17),
        ({"rows": 2_000, "counted": 4_000, "max_id": 50_000, "compacted": 0}, 50_000),  # planted, and grown
        ({"rows": 60_000, "counted": 4_000, "max_id": 50_000, "compacted": 49_000}, 60_000),
        ({"counted": 4_000, "max_id": 50_000, "compacted": 49_000}, 4_000),
    ],
)
def test_size_is_what_is_known_at_least(looked: dict[str, Any], size: int | None) -> None:
    assert Relation("public", "r", (), None, (), None, **looked).size == size
