"""The revisions of a store in the order they were written: creates, changes and tombstones of all resources mixed."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from kinetune.workload.names import words
from kinetune.workload.resources import RESOURCES, Resource
from kinetune.workload.values import Values

Row = tuple[int, str, int, int, int | None, int, int, bytes | None, bytes | None]
"""id, name, created, deleted, create_revision, prev_revision, lease, value, old_value."""
OWN: tuple[Row, ...] = (
    (1, "compact_rev_key", 1, 0, None, 0, 0, b"", None),
    (2, "/registry/health", 1, 0, None, 0, 0, b'{"health":"true"}', None),
)
"""What Kine writes into an empty table when it starts (v0.17.5, on PostgreSQL 15)."""
ROUND = 500
"""After so many revisions the resources' turns are dealt anew, by the revisions each has left."""


@dataclass(slots=True)
class Living:
    """An object that may still change: its number and key, the revision that made it, the newest one."""

    number: int
    key: str
    created: int
    newest: int


@dataclass(frozen=True)
class Plan:
    """A resource's part of a store: so many objects, so many revisions (tombstones count)."""

    resource: Resource
    objects: int
    revisions: int


def history(objects: int, rows: int, seed: int) -> Iterator[Row]:
    """
    Exactly `rows` rows: Kine's OWN, then `objects` keys; ids from 1 without a gap, as Kine v0.17.3 and newer write
    them: no create_revision on a create, no value on a tombstone, the former value in old_value.

    The same for the same arguments. Of each object that may still change about 200 bytes are kept, and no value.
    """
    yield from OWN
    dice = random.Random(seed)
    parts = plans(objects, rows - len(OWN))
    namespaces = max((part.objects for part in parts if part.resource.kind == "Namespace"), default=1)
    values = Values(seed)
    strands = [Strand(part, namespaces, dice, values) for part in parts]
    revision = len(OWN)
    while waiting := [strand for strand in strands if strand.left]:
        turns = list(accumulate(strand.left for strand in waiting))
        for _ in range(min(ROUND, turns[-1])):
            strand = waiting[bisect(turns, dice.random() * turns[-1])]
            if strand.left:
                revision += 1
                yield strand.step(revision)


def plans(objects: int, rows: int) -> tuple[Plan, ...]:
    """Every resource that gets an object; objects and revisions add up to what is asked."""
    counts = _shared(objects, [resource.share for resource in RESOURCES])
    changes = [count * resource.changes for count, resource in zip(counts, RESOURCES, strict=True)]
    more = _shared(rows - objects, changes)
    every = zip(RESOURCES, counts, more, strict=True)
    return tuple(Plan(resource, count, count + extra) for resource, count, extra in every if count)


def _shared(total: int, weights: list[float]) -> list[int]:
    """Whole numbers in these proportions that add up to `total` (largest weights take what rounding left)."""
    whole = sum(weights) or 1.0
    bounds = [round(total * part / whole) for part in accumulate(weights)]
    return [after - before for before, after in zip([0, *bounds], bounds, strict=False)]


class Strand:
    """The revisions of one resource: which object is next, and what happens to it."""

    def __init__(self, plan: Plan, namespaces: int, dice: random.Random, values: Values) -> None:
        self.resource, self.left, self._births = plan.resource, plan.revisions, plan.objects
        self._namespaces, self._dice, self._values = namespaces, dice, values
        self._width = max(1, int(plan.objects * plan.resource.active))
        self._active: list[Living] = []
        self._doomed: list[Living] = []
        self._born = 0

    def step(self, revision: int) -> Row:
        """One of `left` revisions."""
        self.left -= 1
        if self._is_birth():
            return self._birth(revision)
        if self._doomed:
            return self._death(self._doomed.pop(), revision)
        return self._change(self._active[int(self._dice.random() * len(self._active))], revision)

    def _is_birth(self) -> bool:
        """By chance in proportion to what is left, so that births spread over the whole history and none is missed."""
        left = self._births - self._born
        if not left or not self._active:
            return bool(left)
        return self.resource.early or self._dice.random() * (self.left + 1) < left

    def _birth(self, revision: int) -> Row:
        number, resource = self._born, self.resource
        key = resource.key.format_map(words(number, resource.copies, self._namespaces))
        self._born += 1
        self._admit(Living(number, key, revision, revision))
        return revision, key, 1, 0, None, 0, resource.lease, self._values.of(resource, number, revision), None

    def _admit(self, living: Living) -> None:
        """In the place of the one that came first, where all places are taken."""
        if len(self._active) < self._width:
            self._active.append(living)
            return
        place = living.number % self._width
        if self._dice.random() < self.resource.deleted:
            self._doomed.append(self._active[place])
        self._active[place] = living

    def _change(self, living: Living, revision: int) -> Row:
        before, living.newest = living.newest, revision
        new, old = (self._values.of(self.resource, living.number, at) for at in (revision, before))
        return revision, living.key, 0, 0, living.created, before, self.resource.lease, new, old

    def _death(self, living: Living, revision: int) -> Row:
        old = self._values.of(self.resource, living.number, living.newest)
        return revision, living.key, 0, 1, living.created, living.newest, 0, None, old
