"""A change as a list of steps. After an interruption at any of them, the next run continues with the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Hazard(StrEnum):
    """A risk of a step, by the name with which the user allows it (`--allow`)."""

    COLUMN_TYPES = "COLUMN_TYPES"
    SEQUENCE_CACHE = "SEQUENCE_CACHE"
    OFFLINE_INDEX = "OFFLINE_INDEX"
    REBUILD = "REBUILD"
    KINE_RUNS = "KINE_RUNS"
    RECENT_WRITES = "RECENT_WRITES"
    OTHER_RELATIONS = "OTHER_RELATIONS"


INIT_HAZARDS = (Hazard.COLUMN_TYPES, Hazard.SEQUENCE_CACHE, Hazard.OFFLINE_INDEX, Hazard.REBUILD)
DROP_HAZARDS = (Hazard.KINE_RUNS, Hazard.RECENT_WRITES, Hazard.OTHER_RELATIONS)


@dataclass(frozen=True)
class Step:
    """
    One change: what it does (an imperative), why, what it locks, and the statements that undo it.

    `statements` run in one transaction if `atomic`, otherwise each by itself. If the step `unfolds`, they are queries
    that return the statements to run, as with psql's \\gexec. `locks` is what has to wait meanwhile. `kine_may_run` is
    false if a running Kine would get errors. A step that is not `in_database` runs in a maintenance database, because
    the store's own does not exist yet or is dropped. Consecutive steps with the same `subject`, the name of the changed
    object, are one change and shown together.
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
    The steps from the observed store to the target of `profile`, in order.

    `reasons` has the reason for each object of the target, also for those that need no change.
    """

    profile: str
    steps: tuple[Step, ...]
    reasons: tuple[tuple[str, str], ...] = field(default=())

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        # In the order of the steps, each hazard once.
        return tuple(dict.fromkeys(step.hazard for step in self.steps if step.hazard is not None))

    @property
    def requires_stopped_kine(self) -> bool:
        """
        Whether a step needs Kine stopped without being a hazard to allow. It is then verified that Kine is stopped.
        """
        # The other hazards of `init` already require that Kine is stopped, and the user has allowed them by name.
        harmless = (None, Hazard.SEQUENCE_CACHE)
        return any(not step.kine_may_run and step.hazard in harmless for step in self.steps)

    def without_hazards(self, hazards: frozenset[str]) -> Script:
        """The script without the steps that have one of these hazards."""
        return replace(self, steps=tuple(step for step in self.steps if step.hazard not in hazards))

    def maintenance_script(self) -> Script:
        """The steps that run in a maintenance database."""
        return replace(self, steps=tuple(step for step in self.steps if not step.in_database))

    def database_script(self) -> Script:
        """The steps that run in the database of the store."""
        return replace(self, steps=tuple(step for step in self.steps if step.in_database))

    def __bool__(self) -> bool:
        return bool(self.steps)
