"""The rankings of a page of hotspots: each row opens to its advice, its slowest calls, its statement and its plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from kinetune.formatting import format_clock, format_clock_span, format_duration
from kinetune.kine.advice import find_advice
from kinetune.kine.queries import format_sql, load_catalogue
from kinetune.kine.query_purposes import explain_scenario
from kinetune.kine.releases import find_era
from kinetune.model.hotspot import Hotspot
from kinetune.model.hotspots_result import HotspotsResult, SourceRanking, Spot
from kinetune.model.report import Cell, Code, Collapsible, ExpandableTable, LabelledLines, Section, Table, Tone
from kinetune.model.workload import MeasuredCall, Query
from kinetune.views.hotspots_advice import advice_context, describe_advice, describe_releases
from kinetune.views.hotspots_names import name_resource, name_spot
from kinetune.views.hotspots_plans import show_logged_plan
from kinetune.views.hotspots_rankings import (
    MEASURES,
    counter_table,
    draw_timeline,
    format_measures,
    introduce_ranking,
    name_releases,
    show_omissions,
    time_span,
)

_PLANS_OF_A_HOTSPOT = 2
"""The slowest; the page has all plans at its end."""


def expand_ranking(ranking: SourceRanking, result: HotspotsResult, top: int) -> Iterator[Section]:
    """As show_ranking, with what is known about a hotspot below its row."""
    spots = ranking.spots[:top]
    logged = [spot for spot in spots if isinstance(spot, Hotspot)]
    table = _log_table(logged, result) if logged else counter_table(spots, ranking.seconds)
    yield from introduce_ranking(ranking)
    yield ExpandableTable(table, tuple(tuple(_show_details(spot, result)) for spot in spots))
    yield from show_omissions(ranking, top)


def _log_table(spots: Sequence[Hotspot], result: HotspotsResult) -> Table:
    span = time_span(result)
    rows = tuple(
        (Cell(name_spot(spot) + releases), draw_timeline(spot, span), *format_measures(spot))
        for spot, releases in zip(spots, name_releases(spots, result), strict=True)
    )
    return Table(("hotspot", "over time", *MEASURES), rows, frozenset(MEASURES), "hotspot")


def _show_details(spot: Spot, result: HotspotsResult) -> Iterator[Section]:
    context = advice_context(result)
    advice = find_advice(spot, context)
    lines = list(describe_advice(advice)) if advice else []
    if releases := describe_releases(spot, context.origin):
        lines.append(("sent by", releases))
    query = _find_query(spot)
    if query:
        lines.append(("sent when", f"{query.trigger} ({query.frequency})"))
    if isinstance(spot, Hotspot):
        lines.append(("seen", f"{format_clock_span(spot.first, spot.last)} UTC"))
    if lines:
        yield LabelledLines("", tuple(lines))
    if isinstance(spot, Hotspot):
        yield _slowest_calls(spot)
    if query:
        # On paper the statements alone would fill ten pages.
        statement = Code(format_sql(query.text), "sql")
        yield Collapsible(f"Statement, recorded from Kine {query.era}", (statement,), printed=False)
    yield from _show_plans(spot, result)


def _find_query(spot: Spot) -> Query | None:
    """The newest recorded statement of that name in the eras of the hotspot; None if there is none."""
    for era in sorted(map(find_era, spot.eras), key=lambda era: era.number, reverse=True):
        if era.catalogue is not None and (query := load_catalogue(era.name).get(spot.query)):
            return query
    return None


def _slowest_calls(spot: Hotspot) -> Table:
    """With the resource of each call, unless that is the hotspot's own."""
    keyed = any(call.resource != spot.resource for call in spot.worst)
    rows = tuple(
        (
            Cell(format_clock(call.at)),
            Cell(format_duration(call.milliseconds)),
            *((Cell(name_resource(call.resource)),) if keyed else ()),
            Cell(call.source, Tone.DIM),
        )
        for call in spot.worst
    )
    columns = ("slowest calls (UTC)", "duration", *(("resource",) if keyed else ()), "log")
    return Table(columns, rows, frozenset({"duration"}), "log")


def _show_plans(spot: Spot, result: HotspotsResult) -> Iterator[Section]:
    """Those of auto_explain for the same query and resource, then that of --explain."""
    logged = result.logs.plans if result.logs else ()
    resource = spot.resource if isinstance(spot, Hotspot) else ""
    same = (plan for plan in logged if spot.query and (plan.query, plan.resource) == (spot.query, resource))
    yield from map(show_logged_plan, islice(same, _PLANS_OF_A_HOTSPOT))
    for call in result.explained.calls if result.explained else ():
        if _is_call_of(call, spot):
            from kinetune.views.explain import plan_section

            yield plan_section(call)


def _is_call_of(call: MeasuredCall, spot: Spot) -> bool:
    """Whether --explain ran this call for the hotspot: the same query, and its resource where it has one."""
    if call.plan is None or call.call.scenario != explain_scenario(spot):
        return False
    prefix = spot.resource if isinstance(spot, Hotspot) else ""
    if not prefix.startswith("/"):
        return True
    texts = (argument.replace("\\", "") for argument in call.call.arguments if isinstance(argument, str))
    return any(text.startswith(prefix) for text in texts)  # a LIKE pattern has backslashes before _ and %
