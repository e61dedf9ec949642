"""Words for tables, indexes and sequences: the same for what was seen (facts) and for what is wanted (targets)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    """How one index key is kept. PostgreSQL has the first two; YugabyteDB shards by hash unless told otherwise."""

    ASC = "asc"
    DESC = "desc"
    HASH = "hash"


@dataclass(frozen=True)
class Key:
    column: str
    order: Order = Order.ASC


@dataclass(frozen=True)
class Column:
    """`type` as format_type() writes it; `collation` is None where the type's default holds."""

    name: str
    type: str
    collation: str | None = None


@dataclass(frozen=True)
class Index:
    """`predicate` is the WHERE clause as pg_get_expr() writes it; a placeholder is an index `WHERE false`."""

    name: str
    keys: tuple[Key, ...]
    unique: bool = False
    include: tuple[str, ...] = ()
    predicate: str | None = None

    @property
    def placeholder(self) -> bool:
        """True when the index only keeps its name taken, so that Kine's CREATE INDEX IF NOT EXISTS adds nothing."""
        return self.predicate == "false"


@dataclass(frozen=True)
class Sequence:
    """`cache` is pg_sequence.seqcache; `owned_by` is (table, column) or None."""

    name: str
    type: str
    cache: int
    increment: int = 1
    owned_by: tuple[str, str] | None = None
