"""Names kinetune gives to what it has not finished, and types Kine's columns had in older releases."""

from __future__ import annotations

from kinetune.kine.schema import COLUMNS

NEW = "kinetune_new_"
OLD = "kinetune_old_"


def leftover(name: str) -> bool:
    """An index that an interrupted run built or put aside."""
    return name.startswith((NEW, OLD))


def known_types(column: str) -> frozenset[str]:
    """Types the column has had: INTEGER before v0.11.5, VARCHAR(630) before v0.13.0 (facts/kine.md §1.1)."""
    wanted = next(known.type for known in COLUMNS if known.name == column)
    older = {"bigint": {"integer"}, "text": {"character varying(630)", "character varying"}}
    return frozenset({wanted} | older.get(wanted, set()))
