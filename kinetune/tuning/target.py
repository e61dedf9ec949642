"""What a Kine store should look like, as a value, with the reason for each choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kinetune.kine.schema import COLUMNS, SEQUENCE
from kinetune.model.schema import Column, Index, Sequence

OURS = (
    ("yb_bnl_batch_size", "1024"),
    ("yb_enable_optimizer_statistics", "on"),
    ("yb_enable_base_scans_cost_model", "on"),
    ("yb_enable_cbo", "on"),
    ("yb_enable_cbo", "legacy_bnl_mode"),  # of the first release: it leaves statistics unused
    ("plan_cache_mode", "force_custom_plan"),
    ("random_page_cost", "1.1"),
    ("enable_mergejoin", "off"),
)
"""What a profile may have set: another one takes it back. Any other value is somebody else's and stays."""


@dataclass(frozen=True)
class Target:
    """
    A schema to reach. `columns` are the types wanted; `exact_types` is false where older types may stay (stock: Kine
    itself leaves them). `settings` are kept by ALTER DATABASE … SET. `reasons` has one sentence a name. `plants`: a new
    table gets statistics before it has rows (planting.py).
    """

    profile: str
    primary_key: Index
    indexes: tuple[Index, ...]
    reasons: Mapping[str, str]
    columns: tuple[Column, ...] = COLUMNS
    exact_types: bool = True
    sequence: Sequence = SEQUENCE
    settings: Mapping[str, str] = field(default_factory=dict)
    plants: bool = False

    def keeping(self, settings: Mapping[str, str]) -> Target:
        """The same, content with what a profile of ours set before: where the era is only assumed, that knew more."""
        ours = {name: value for name, value in OURS if settings.get(name) == value}
        return replace(self, settings={**ours, **self.settings})
