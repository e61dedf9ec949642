"""The plans of a report of hotspots: those that the server logged with auto_explain, and those of --explain."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_clock, format_duration
from kinetune.model.hotspot import LoggedPlan
from kinetune.model.hotspots_result import HotspotsResult
from kinetune.model.report import Code, Collapsible, Heading, Section


def show_plans(result: HotspotsResult) -> Iterator[Section]:
    """Those of auto_explain, slowest first, then those of --explain."""
    if result.logs and result.logs.plans:
        yield Heading("Plans logged by the server")
        yield from map(show_logged_plan, result.logs.plans)
    if result.explained:
        from kinetune.views.explain import run_report

        yield from run_report(result.explained).appendix


def show_logged_plan(plan: LoggedPlan) -> Collapsible:
    """One plan of auto_explain."""
    query, duration = plan.query or "another statement", format_duration(plan.milliseconds)
    return Collapsible(f"{query}, {duration} at {format_clock(plan.at)} UTC in {plan.source}", (Code(plan.text),))
