"""A change as a list of steps, each of which may be the last that runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Hazard(StrEnum):
    """What a step may cost, and the name by which the user allows it (`--allow`)."""

    COLUMN_TYPES = "COLUMN_TYPES"
    SEQUENCE_CACHE = "SEQUENCE_CACHE"
    OFFLINE_INDEX = "OFFLINE_INDEX"
    REBUILD = "REBUILD"
    KINE_RUNS = "KINE_RUNS"
    RECENT_WRITES = "RECENT_WRITES"
    OTHER_RELATIONS = "OTHER_RELATIONS"


OF_INIT = (Hazard.COLUMN_TYPES, Hazard.SEQUENCE_CACHE, Hazard.OFFLINE_INDEX, Hazard.REBUILD)
OF_DROP = (Hazard.KINE_RUNS, Hazard.RECENT_WRITES, Hazard.OTHER_RELATIONS)


@dataclass(frozen=True)
class Step:
    """
    One change: what it does, why, what it locks and how it is undone.

    `statements` run in one transaction where `atomic`, else each by itself. Where a step `unfolds`, they are questions
    whose answers are the statements to run, each by itself, as psql's \\gexec does: as many as there is left to do.
    `locks` speaks of what waits meanwhile.
    `kine_may_run` is false where a running Kine would see errors; such a step carries a hazard. A step that is not
    `in_database` runs in the maintenance database, since its own is not there yet. Neighbours with one `subject`, the
    name of what they change, make one change together.
    """

    does: str
    why: str
    statements: tuple[str, ...]
    locks: str
    undo: tuple[str, ...] = ()
    kine_may_run: bool = True
    atomic: bool = False
    unfolds: bool = False
    in_database: bool = True
    hazard: Hazard | None = None
    subject: str = ""


@dataclass(frozen=True)
class Script:
    """
    Steps from what is there to what is wanted, in order.

    `reasons` tells, in the order of the target, why each thing is as it is; also where nothing has to change.
    """

    profile: str
    steps: tuple[Step, ...]
    reasons: tuple[tuple[str, str], ...] = field(default=())

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        return tuple(dict.fromkeys(step.hazard for step in self.steps if step.hazard is not None))

    @property
    def proves_unused(self) -> bool:
        """Whether a step needs Kine stopped, which is looked at and needs no hazard to be allowed."""
        harmless = (None, Hazard.SEQUENCE_CACHE)
        return any(not step.kine_may_run and step.hazard in harmless for step in self.steps)

    def without(self, hazards: frozenset[str]) -> Script:
        """The script less the steps of these hazards."""
        return replace(self, steps=tuple(step for step in self.steps if step.hazard not in hazards))

    def outside(self) -> Script:
        """The steps that run in the maintenance database."""
        return replace(self, steps=tuple(step for step in self.steps if not step.in_database))

    def inside(self) -> Script:
        """The steps that run in the store's own database."""
        return replace(self, steps=tuple(step for step in self.steps if step.in_database))

    def __bool__(self) -> bool:
        return bool(self.steps)
