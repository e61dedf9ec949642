"""What `kinetune hotspots` does with what it saw: explain, judge by --fail-over, write, keep."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.commands.hotspots import Look, Seen, Wanted
from kinetune.commands.hotspots_limits import Limit, Over, OverLimit, over
from kinetune.formatting import format_duration
from kinetune.model.failure import Exit, Failure
from kinetune.views.hotspots import TITLES, Telling, report, views
from kinetune.views.hotspots_words import name, resource

if TYPE_CHECKING:
    from kinetune.model.counters import Cost
    from kinetune.model.hotspot import Hotspot, Reading
    from kinetune.model.report import Report

_SAID = {
    "kine log": "Kine's log",
    "server log": "the server's log",
    "statements": "pg_stat_statements",
    "metrics": "Kine's metrics",
}
assert _SAID.keys() == TITLES.keys()


class PartlyBlind(Failure):
    """A source that was named could not be looked at; the others were told (exit 3)."""

    exit = Exit.BLIND


@dataclass(frozen=True)
class Manner:
    """How it is told: `out` is the format on stdout and a file besides; `save` keeps counters, `pause` in seconds."""

    top: int
    limits: tuple[Limit, ...]
    out: tuple[str, Path | None]
    save: Path | None
    redact: bool
    pause: float


def once(wanted: Wanted, manner: Manner) -> None:
    """The report, then the reasons for another exit status than 0."""
    from kinetune.reports.table import save, write

    seen = Look(wanted).run()
    told, beyond = telling(seen, wanted, manner)
    format, output = manner.out
    write(told, format, sys.stdout)
    if output:
        save(told, output)
    if manner.save:
        from kinetune.commands.hotspots_snapshot import keep

        keep(seen.snapshot, manner.save)
    leave(seen, beyond)


def leave(seen: Seen, beyond: tuple[Over, ...]) -> None:
    """Raises OverLimit, which names what went over, or PartlyBlind."""
    if beyond:
        more = f" and {len(beyond) - 1} more" if len(beyond) > 1 else ""
        raise OverLimit(f"over {beyond[0].limit.text}: {beyond[0].where}{more}", "the report says what helps")
    if seen.failures:
        raise PartlyBlind(seen.failures[0].cause, seen.failures[0].next_step)


def telling(seen: Seen, wanted: Wanted, manner: Manner) -> tuple[Report, tuple[Over, ...]]:
    """The report and what is beyond the limits."""
    notes: tuple[str, ...] = _left_out(seen, wanted)
    if manner.redact and seen.reading:
        seen = replace(seen, reading=hidden(seen.reading))
    if wanted.explain and wanted.endpoint:
        from kinetune.commands.hotspots_explain import explained

        found, why = explained(wanted.endpoint, _heaviest(seen), wanted.explain)
        seen, notes = replace(seen, explained=found), (*notes, *why)
    beyond = over(manner.limits, _placed(seen)) if manner.limits else ()
    return report(seen, Telling(manner.top, beyond, notes)), beyond


def _left_out(seen: Seen, wanted: Wanted) -> tuple[str, ...]:
    options = wanted.options
    chosen = options.at_least_ms or options.since > float("-inf") or options.until < float("inf")
    if chosen and (seen.statements or seen.metrics):
        return ("--from, --to and --min-duration choose among calls in logs: counters know no single call",)
    return ()


def _placed(seen: Seen) -> list[tuple[str, Hotspot | Cost]]:
    """Each hotspot with words for it: `ListCurrentVal on pods (Kine's log, p99 2.31 s)`."""
    every = [(view.key, spot) for view in views(seen) for spot in view.spots]
    return [(f"{name(spot)}{_on(spot)} ({_SAID[key]}, {_times(spot)})", spot) for key, spot in every]


def _on(spot: Hotspot | Cost) -> str:
    return f" on {resource(spot)}" if resource(spot) != "–" else ""


def _times(spot: Hotspot | Cost) -> str:
    mean = format_duration(spot.total_ms / spot.count if spot.count else None)
    return f"{spot.count:,} calls, mean {mean}" + (f", p99 {format_duration(spot.p99)}" if spot.p99 is not None else "")


def _heaviest(seen: Seen) -> list[Hotspot | Cost]:
    """Of all vantages, those that name a resource first: explain can take it."""
    every = [spot for view in views(seen) for spot in view.spots]
    return sorted(every, key=lambda spot: (resource(spot) == "–", -spot.total_ms))


def hidden(reading: Reading) -> Reading:
    """Keys cut to their resource and a mark; sources and statements stay."""
    from kinetune.kine.redact import hidden as hide
    from kinetune.kine.redact import hidden_in

    spots = tuple(
        replace(
            spot,
            resource=hide(spot.resource),
            worst=tuple(replace(one, resource=hide(one.resource)) for one in spot.worst),
        )
        for spot in reading.hotspots
    )
    plans = tuple(plan._replace(resource=hide(plan.resource), text=hidden_in(plan.text)) for plan in reading.plans)
    return replace(reading, hotspots=spots, plans=plans)
