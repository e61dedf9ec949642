"""The schema that a Kine store should have, with the reason for each choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kinetune.kine.schema import COLUMNS, SEQUENCE
from kinetune.model.facts import Column, Index, Sequence

PROFILE_SETTINGS = (
    ("yb_bnl_batch_size", "1024"),
    ("yb_enable_optimizer_statistics", "on"),
    ("yb_enable_base_scans_cost_model", "on"),
    ("yb_enable_cbo", "on"),
    ("yb_enable_cbo", "legacy_bnl_mode"),  # set by kinetune 0.1.0; with it the planner ignores statistics
    ("plan_cache_mode", "force_custom_plan"),
    ("random_page_cost", "1.1"),
    ("enable_mergejoin", "off"),
)
"""Settings that profiles of kinetune set and other profiles reset. Any other value was set by the user and stays."""


@dataclass(frozen=True)
class TargetSchema:
    """
    The schema that a profile asks for. `exact_types` is false if older column types may stay (stock: Kine itself does
    not change them). `settings` are set by ALTER DATABASE … SET. `reasons` has one sentence for each name of an index,
    key, sequence or setting. `plants`: a new table gets statistics before it has rows (planted_statistics.py).
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

    def keep_settings(self, settings: Mapping[str, str]) -> TargetSchema:
        """
        The same target, which also keeps settings that a profile set before. For an era that is only assumed: the
        earlier run may have known the real one.
        """
        ours = {name: value for name, value in PROFILE_SETTINGS if settings.get(name) == value}
        return replace(self, settings={**ours, **self.settings})
