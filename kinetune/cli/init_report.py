"""What `kinetune init` says: the plan before, the outcome after, the SQL alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kinetune.model.facts import Unknown
from kinetune.model.report import Cell, Code, Heading, Items, Paragraph, Report, Section, Table, Tone

if TYPE_CHECKING:
    from kinetune.cli.init_steps import Outcome, Seen
    from kinetune.model.facts import Facts
    from kinetune.model.script import Script, Step


@dataclass(frozen=True)
class Applied:
    """The report of a run that changed something: `tail` is what comes after the plan."""

    whole: Report
    tail: Report


def planned(seen: Seen) -> Report:
    """The plan with all its reasons, or that nothing is to be done."""
    script = seen.script
    sections: tuple[Section, ...] = (
        Paragraph(_place(seen.facts)),
        Paragraph(f"Kine {seen.era.releases}: {seen.era_source}"),
    )
    if seen.facts.server.note:
        sections += (Paragraph(f"note: {seen.facts.server.note}", Tone.WARN),)
    if script:
        for number, step in enumerate(script.steps, 1):
            sections += tuple(_step(number, step))
        sections += (*_reasons(script), _kine(seen))
    else:
        sections += (
            Paragraph(f"Nothing is to be done: the store is as the profile {script.profile} wants it.", Tone.GOOD),
        )
    return Report("kinetune init", f"kinetune init: profile {script.profile}", sections, _data(seen))


def applied(plan: Report, outcome: Outcome) -> Applied:
    """The plan's report with the outcome behind it."""
    retried = sum(done.tries - 1 for done in outcome.done)
    waits = f", {retried} retries for locks" if retried else ""
    line = Paragraph(f"Done and verified: {len(outcome.done)} statements in {outcome.seconds:.1f} s{waits}.", Tone.GOOD)
    data = plan.data | {
        "applied": True,
        "statements": [_done(done) for done in outcome.done],
        "seconds": outcome.seconds,
    }
    whole = replace(plan, sections=(*plan.sections, line), data=data)
    return Applied(whole, replace(whole, title="", sections=(line,)))


def written(script: Script) -> str:
    """SQL that psql can run: each statement with its semicolon, steps of one transaction between BEGIN and COMMIT."""
    return "".join(f"-- {step.does}\n{_sql(step)}\n" for step in script.steps) or "-- nothing is to be done\n"


def _sql(step: Step) -> str:
    lines = [f"{statement};" for statement in step.statements]
    after = [] if step.in_database else ["-- what follows is for that database"]
    return "\n".join(["BEGIN;", *lines, "COMMIT;"] if step.atomic else [*lines, *after]) + "\n"


def _place(facts: Facts) -> str:
    if not facts.database_exists:
        return f"{facts.server}: there is no database {facts.database} yet"
    if facts.table is None:
        return f"{facts.server}, database {facts.database}: there is no table kine yet"
    rows = f"about {facts.table.rows:,} rows" if facts.table.rows else "rows never counted (ANALYZE kine)"
    return f"{facts.server}, database {facts.database}: the table {facts.table.schema}.kine, {rows}"


def _step(number: int, step: Step) -> Iterator[Section]:
    yield Heading(f"{number}. {step.does}")
    details = [Cell(f"why: {step.why}"), Cell(f"locks: {step.locks}")]
    if step.hazard:
        details.append(Cell(f"hazard {step.hazard}: stop Kine, then --allow {step.hazard}", Tone.BAD))
    if step.undo:
        details.append(Cell(f"undo: {'; '.join(' '.join(undo.split()) for undo in step.undo)}", Tone.DIM))
    yield Items(tuple(details))
    yield Code(_sql(step), "sql")


def _reasons(script: Script) -> Iterator[Section]:
    """Why each thing of the profile is as it is, whether it changes now or not."""
    yield Heading(f"Why the profile {script.profile} is as it is")
    rows = tuple((Cell(name), Cell(reason)) for name, reason in script.reasons)
    yield Table(("name", "reason"), rows, fold="reason")


def _kine(seen: Seen) -> Paragraph:
    """Whether Kine may run meanwhile; who is connected is told where it matters."""
    if all(step.kine_may_run for step in seen.script.steps):
        return Paragraph("Kine may keep running.")
    sessions = seen.facts.sessions
    known = "" if isinstance(sessions, Unknown) else f" ({sum(sessions.values())} other sessions are connected now)"
    return Paragraph(f"Stop Kine first{known}.", Tone.BAD)


def _data(seen: Seen) -> dict[str, object]:
    script = seen.script
    return {
        "server": str(seen.facts.server),
        "database": seen.facts.database,
        "era": seen.era.name,
        "era_source": seen.era_source,
        "profile": script.profile,
        "steps": list(script.steps),
        "reasons": dict(script.reasons),
        "applied": False,
    }


def _done(done: object) -> dict[str, object]:
    from kinetune.database.apply import Done

    assert isinstance(done, Done)
    return {"step": done.position, "sql": done.statement, "tries": done.tries, "seconds": done.seconds}
