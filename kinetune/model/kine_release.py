"""The Kine of a store. Apart from facts.py, which a command that reads only logs does not load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KineRelease:
    """The Kine that uses the store: its era (name and number), its tag if known, and the source of this fact."""

    era: str
    number: str
    source: str
    tag: str | None = None
