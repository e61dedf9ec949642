"""
Generate the rows of a store in the order in which Kine would have written them: creates, updates and tombstones of all
resources, interleaved.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from kinetune.workload.object_names import name_parts
from kinetune.workload.resources import RESOURCES, Resource
from kinetune.workload.values import ObjectValues

Row = tuple[int, str, int, int, int | None, int, int, bytes | None, bytes | None]
"""id, name, created, deleted, create_revision, prev_revision, lease, value, old_value."""
KINE_ROWS: tuple[Row, ...] = (
    (1, "compact_rev_key", 1, 0, None, 0, 0, b"", None),
    (2, "/registry/health", 1, 0, None, 0, 0, b'{"health":"true"}', None),
)
"""The rows that Kine writes to an empty table when it starts (v0.17.5, on PostgreSQL 15)."""
ROUND_REVISIONS = 500
"""
After this number of revisions the weights of the resources are computed again, from the revisions that each has left.
Computing them for each row would take longer than the rows themselves.
"""


@dataclass(slots=True)
class LiveObject:
    """An object that may still change: its number, its key, the revision that created it, and its newest revision."""

    number: int
    key: str
    created: int
    newest: int


@dataclass(frozen=True)
class ResourcePlan:
    """The number of objects and revisions of a resource, tombstones included."""

    resource: Resource
    objects: int
    revisions: int


def generate_rows(objects: int, rows: int, seed: int) -> Iterator[Row]:
    """
    Exactly `rows` rows: KINE_ROWS, then the revisions of `objects` keys. Ids start at 1 and have no gap. The rows are
    as Kine v0.17.3 and newer write them: no create_revision for a create, no value for a tombstone, the former value in
    old_value.

    Equal arguments give equal rows. About 200 bytes are kept for each object that may still change, and no value.
    """
    yield from KINE_ROWS
    # One generator for all resources: the order of calls is part of what the seed determines.
    dice = random.Random(seed)
    parts = plan_resources(objects, rows - len(KINE_ROWS))
    # Keys refer only to namespaces that exist in the store.
    namespaces = max((part.objects for part in parts if part.resource.kind == "Namespace"), default=1)
    values = ObjectValues(seed)
    strands = [ResourceHistory(part, namespaces, dice, values) for part in parts]
    revision = len(KINE_ROWS)
    while waiting := [strand for strand in strands if strand.left]:
        # The choice is weighted by what is left, so that all resources end at about the same time.
        turns = list(accumulate(strand.left for strand in waiting))
        for _ in range(min(ROUND_REVISIONS, turns[-1])):
            strand = waiting[bisect(turns, dice.random() * turns[-1])]
            if strand.left:
                revision += 1
                yield strand.next_row(revision)


def plan_resources(objects: int, rows: int) -> tuple[ResourcePlan, ...]:
    """The resources that have at least one object. Their objects and revisions add up to the arguments."""
    counts = _distribute(objects, [resource.share for resource in RESOURCES])
    changes = [count * resource.changes for count, resource in zip(counts, RESOURCES, strict=True)]
    more = _distribute(rows - objects, changes)
    every = zip(RESOURCES, counts, more, strict=True)
    return tuple(ResourcePlan(resource, count, count + extra) for resource, count, extra in every if count)


def _distribute(total: int, weights: list[float]) -> list[int]:
    """Integers in the proportions of the weights that add up to `total`."""
    whole = sum(weights) or 1.0
    # Rounding the cumulated sums instead of each share makes the differences add up to the total.
    bounds = [round(total * part / whole) for part in accumulate(weights)]
    return [after - before for before, after in zip([0, *bounds], bounds, strict=False)]


class ResourceHistory:
    """Generates the revisions of one resource: which object changes next, and how."""

    def __init__(self, plan: ResourcePlan, namespaces: int, dice: random.Random, values: ObjectValues) -> None:
        self.resource, self.left, self._births = plan.resource, plan.revisions, plan.objects
        self._namespaces, self._dice, self._values = namespaces, dice, values
        self._width = max(1, int(plan.objects * plan.resource.active))
        self._active: list[LiveObject] = []
        self._doomed: list[LiveObject] = []
        self._born = 0

    def next_row(self, revision: int) -> Row:
        """The next of the `left` revisions."""
        self.left -= 1
        if self._is_create():
            return self._create_row(revision)
        if self._doomed:
            return self._delete_row(self._doomed.pop(), revision)
        return self._update_row(self._active[int(self._dice.random() * len(self._active))], revision)

    def _is_create(self) -> bool:
        """Random in proportion to what is left: creates are spread over the whole history, and none is missing."""
        left = self._births - self._born
        if not left or not self._active:
            return bool(left)
        return self.resource.early or self._dice.random() * (self.left + 1) < left

    def _create_row(self, revision: int) -> Row:
        number, resource = self._born, self.resource
        key = resource.key.format_map(name_parts(number, resource.copies, self._namespaces))
        self._born += 1
        self._make_active(LiveObject(number, key, revision, revision))
        return revision, key, 1, 0, None, 0, resource.lease, self._values.make_value(resource, number, revision), None

    def _make_active(self, living: LiveObject) -> None:
        """Let the object change. If the number of active objects is at its limit, it replaces the oldest one."""
        if len(self._active) < self._width:
            self._active.append(living)
            return
        place = living.number % self._width
        # A replaced object is deleted, or it simply stays unchanged from now on.
        if self._dice.random() < self.resource.deleted:
            self._doomed.append(self._active[place])
        self._active[place] = living

    def _update_row(self, living: LiveObject, revision: int) -> Row:
        before, living.newest = living.newest, revision
        new, old = (self._values.make_value(self.resource, living.number, at) for at in (revision, before))
        return revision, living.key, 0, 0, living.created, before, self.resource.lease, new, old

    def _delete_row(self, living: LiveObject, revision: int) -> Row:
        old = self._values.make_value(self.resource, living.number, living.newest)
        return revision, living.key, 0, 1, living.created, living.newest, 0, None, old
