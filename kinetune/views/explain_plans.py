"""The report of `kinetune explain --plan`: pasted plans in the words of a run on a store."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import Version, find_era
from kinetune.model.report import Heading, Paragraph, Report, Section, Tone
from kinetune.plans.explained_plan import FROM_CONDITIONS, ExplainedPlan
from kinetune.plans.saved import call_data
from kinetune.views.explain import costs_table, plans_in_appendix, plans_in_text, remark_sections

KIND, SCHEMA = "kinetune explain --plan", 1
OTHER_STATEMENT = "Query not recognised: the statement is not a query of Kine, or not of the selected release."
OTHER_CONDITIONS = (
    "Query not recognised: the text has no statement, and the conditions of the plan fit no query of Kine or several."
)


def plans_report(plans: tuple[ExplainedPlan, ...], *, tree: bool = False) -> Report:
    """Which query each plan is of, then costs and problems as in a report on a store."""
    calls = tuple(plan.measured for plan in plans)
    sections: list[Section] = []
    for number, plan in enumerate(plans, 1):
        if len(plans) > 1:
            sections.append(Heading(f"Plan {number}"))
        sections.extend(_query_paragraphs(plan))
    sections += [costs_table(calls), *remark_sections(calls)]
    return Report(
        KIND,
        "kinetune explain: pasted plan" if len(plans) == 1 else f"kinetune explain: {len(plans)} pasted plans",
        (*sections, *plans_in_text(calls, tree)),
        {"plans": [_plan_data(plan) for plan in plans]},
        SCHEMA,
        appendix=plans_in_appendix(calls, tree),
    )


def _query_paragraphs(plan: ExplainedPlan) -> Iterator[Section]:
    match = plan.match
    if match is None:
        yield Paragraph(OTHER_STATEMENT if plan.measured.call.text else OTHER_CONDITIONS, Tone.WARN)
    else:
        source = "the conditions of the plan" if match.source == FROM_CONDITIONS else "its statement"
        yield Paragraph(f"{' or '.join(match.names)} of Kine {_format_releases(match.eras)}, recognised by {source}.")
        yield Paragraph(f"Sent when: {match.query.trigger}. Frequency: {match.query.frequency}.", Tone.DIM)
        yield Paragraph(f"Best access path: {match.query.wish}.", Tone.DIM)
    for note in plan.notes:
        yield Paragraph(note, Tone.WARN)


def _format_releases(eras: tuple[str, ...]) -> str:
    """`v0.16.3 – v0.16.6, v0.17.0 – v0.17.5`: spans of several eras that follow each other become one."""
    merged: list[tuple[Version, Version]] = []
    for first, last in sorted(span for era in eras for span in find_era(era).spans):
        if merged and first == (*merged[-1][1][:2], merged[-1][1][2] + 1):
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return ", ".join(" – ".join(dict.fromkeys("v" + ".".join(map(str, end)) for end in span)) for span in merged)


def _plan_data(plan: ExplainedPlan) -> dict[str, object]:
    match = plan.match
    data = call_data(plan.measured)
    # A pasted plan has no scenario: its title is in "words".
    del data["scenario"]
    return {
        **data,
        "queries": match.names if match else (),
        "eras": match.eras if match else (),
        "recognised_by": match.source if match else None,
        "notes": plan.notes,
    }
