"""Every rule, in order of codes. The only list."""

from __future__ import annotations

from kinetune.rules.range_sharded_ids import range_sharded_ids
from kinetune.rules.rule import Rule
from kinetune.rules.sequence_cache import sequence_cache

RULES: tuple[Rule, ...] = (
    range_sharded_ids,
    sequence_cache,
)
