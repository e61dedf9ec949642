"""--explain N: the heaviest queries under EXPLAIN at once, as `kinetune explain` would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from kinetune.kine.advice import INSERTS, arguments, scenario
from kinetune.model.failure import CouldNotLook, UsageFailure

if TYPE_CHECKING:
    from kinetune.model.counters import Cost
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.hotspot import Hotspot
    from kinetune.model.workload import Explained

WRITES = frozenset({*INSERTS, "Compact", "UpdateCompact", "Fill"})


def explained(
    endpoint: Endpoint, spots: Iterable[Hotspot | Cost], number: int
) -> tuple[Explained | None, tuple[str, ...]]:
    """The `number` heaviest reads, each with its own prefix or key, as one run; and why others are not in it."""
    from kinetune.commands.explain import Look, run

    runs, notes = [], []
    for spot in _distinct(spots, number):
        call, given = scenario(spot), arguments(spot)
        if spot.query in WRITES:
            notes.append(f"{spot.query} writes: kinetune explain --writes --query {call} runs it on a copy")
            continue
        try:
            runs.append(run(endpoint, Look(query=call, given=given)))
        except (CouldNotLook, UsageFailure) as failure:
            notes.append(f"{spot.query} was not explained: {failure}")
    if not runs:
        return None, tuple(notes)
    return replace(runs[0], calls=tuple(call for one in runs for call in one.calls)), tuple(notes)


def _distinct(spots: Iterable[Hotspot | Cost], number: int) -> Iterator[Hotspot | Cost]:
    """What explain knows, each call with its arguments once."""
    seen: set[tuple[object, ...]] = set()
    for spot in spots:
        what = (scenario(spot), *arguments(spot).items())
        if what[0] and what not in seen and len(seen) < number:
            seen.add(what)
            yield spot
