"""Which profile a store has."""

from __future__ import annotations

from kinetune.kine.releases import Era
from kinetune.model.facts import Facts
from kinetune.model.failure import Refused
from kinetune.tuning.difference import difference
from kinetune.tuning.profiles import PROFILES, target
from kinetune.tuning.refuse import refuse_strangers
from kinetune.tuning.statistics import SUBJECT
from kinetune.tuning.target import Target


def profile_of(facts: Facts, era: Era) -> str:
    """The first profile that needs no step, or 'of its own'. Raises Refused where the table is not Kine's."""
    refuse_strangers(facts)
    reached = (name for name in PROFILES if _reached(facts, target(name, facts.server, era)))
    return next(reached, "of its own")


def _reached(facts: Facts, wanted: Target) -> bool:
    try:
        return all(step.subject == SUBJECT for step in difference(facts, wanted).steps)
    except Refused:  # sharded otherwise
        return False
