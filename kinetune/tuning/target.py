"""What a Kine store should look like, as a value, with the reason for each choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kinetune.kine.schema import COLUMNS, SEQUENCE
from kinetune.model.schema import Column, Index, Sequence


@dataclass(frozen=True)
class Target:
    """
    A schema to reach. `columns` are the types wanted; `exact_types` is false where older types may stay (stock: Kine
    itself leaves them). `settings` are kept by ALTER DATABASE … SET. `reasons` has one sentence a name.
    """

    profile: str
    primary_key: Index
    indexes: tuple[Index, ...]
    reasons: Mapping[str, str]
    columns: tuple[Column, ...] = COLUMNS
    exact_types: bool = True
    sequence: Sequence = SEQUENCE
    settings: Mapping[str, str] = field(default_factory=dict)
