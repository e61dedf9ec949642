"""A fact that could not be observed is a value too, so that a rule is skipped with the reason and never passes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unknown:
    """Not observed. `reason` says why, and which statement helps, if one does."""

    reason: str


NOT_REQUESTED = Unknown("not requested")
