"""Advice for hotspots as short lines: the likely cause, what to check, what to change, and the command for the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from kinetune.formatting import format_list
from kinetune.kine.advice import AdviceContext, find_advice
from kinetune.kine.query_purposes import COUNTS, LISTS
from kinetune.kine.releases import ERAS, find_era, format_releases
from kinetune.kine.store_advice import AdviceParts
from kinetune.model.hotspot import LogOrigin
from kinetune.model.hotspots_result import HotspotsResult, Spot
from kinetune.model.report import Heading, LabelledLines, Section
from kinetune.views.hotspots_names import name_spot


def advice_context(result: HotspotsResult) -> AdviceContext:
    """What advice depends on besides the hotspot itself."""
    signals = result.logs.signals if result.logs else ()
    costs = result.statements.costs if result.statements else ()
    longest = {cost.query: cost.max for cost in costs if cost.max is not None}
    origin = result.logs.origin if result.logs else LogOrigin()
    periods = {signal.kind: (signal.first, signal.last) for signal in signals}
    return AdviceContext(periods, result.flavour, longest, origin)


def show_advice(spots: Sequence[Spot], context: AdviceContext) -> Iterator[Section]:
    """Each advice once, below all hotspots that it applies to; the command is that of the heaviest of them."""
    grouped: dict[str, list[tuple[Spot, AdviceParts]]] = {}
    for spot in spots:
        if parts := find_advice(spot, context):
            grouped.setdefault(str(parts), []).append((spot, parts))
    if grouped:
        yield Heading("Advice")
    for group in grouped.values():
        if lines := tuple(describe_advice(group[0][1])):
            yield LabelledLines(_name_group([spot for spot, _ in group], context.origin), lines)


def _name_group(spots: Sequence[Spot], origin: LogOrigin) -> str:
    """
    `ListCurrentVal on pods and ListCurrentVal on secrets (Kine v0.16.3 – v0.17.5)`: other releases may get another
    advice.
    """
    names: dict[str, list[str]] = {}
    for spot in spots:
        names.setdefault(describe_releases(spot, origin), []).append(name_spot(spot))
    texts = [(format_list(dict.fromkeys(group)), releases) for releases, group in names.items()]
    return "; ".join(f"{group} ({releases})" if releases else group for group, releases in texts)


def describe_advice(parts: AdviceParts) -> Iterator[tuple[str, str]]:
    """The parts that are not empty, each with its label."""
    labelled = (
        ("cause", parts.cause),
        ("check", parts.check),
        ("fix", parts.fix),
        ("note", parts.caveat),
        ("plan", parts.command),
    )
    yield from ((label, text) for label, text in labelled if text)


def describe_releases(spot: Spot, origin: LogOrigin) -> str:
    """The releases that send the statement, as far as the logs do not name one of them; empty if all or none do."""
    numbers = {find_era(era).number for era in spot.eras}
    if spot.query not in LISTS | COUNTS:
        numbers |= _find_unrecorded(numbers)
    possible = numbers & set(origin.eras) or numbers
    if not possible or len(possible) == len(ERAS):
        return ""
    return f"Kine {format_releases(possible)}"


def _find_unrecorded(numbers: set[str]) -> set[str]:
    """
    Eras without recorded statements, if the recorded eras before and after them are among the numbers: they differ
    from these by their lists and counts only (kine/releases.py).
    """
    recorded = [era.number for era in ERAS if era.catalogue is not None]
    pairs = [(first, last) for first, last in pairwise(recorded) if {first, last} <= numbers]
    return {era.number for era in ERAS for first, last in pairs if first < era.number < last}
