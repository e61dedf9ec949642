"""Which profile a store has."""

from __future__ import annotations

from kinetune.kine.releases import Era
from kinetune.model.facts import Facts
from kinetune.tuning.difference import difference
from kinetune.tuning.profiles import PROFILES, target


def profile_of(facts: Facts, era: Era) -> str:
    """The first profile that needs no step, or 'of its own'. Raises Refused where the table is not Kine's."""
    for name in PROFILES:
        if not difference(facts, target(name, facts.server, era)):
            return name
    return "of its own"
