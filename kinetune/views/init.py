"""What `kinetune init` says: the plan before, the outcome after, the SQL alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from kinetune.commands.init_sequence import told
from kinetune.kine.shape import BEFORE
from kinetune.model.facts import Unknown
from kinetune.model.report import Cell, Code, Heading, Items, Paragraph, Report, Section, Tone
from kinetune.model.script import Hazard
from kinetune.model.server import Flavour
from kinetune.plans.numbers import counted
from kinetune.tuning.statements import END_IDLE

if TYPE_CHECKING:
    from kinetune.commands.init import Outcome, Seen
    from kinetune.model.facts import Facts, Relation
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
        Paragraph(f"Kine {seen.kine.era.releases}: {seen.kine.source}"),
    )
    if seen.facts.server.note:
        sections += (Paragraph(f"note: {seen.facts.server.note}", Tone.WARN),)
    sections += (*_release(seen), *_rebuilt(seen))
    sections += tuple(_statistics(seen))
    if script:
        sections += (*_changes(script, _way_back(seen)), *_reasons(script), *told(seen), *_restart(seen), _kine(seen))
    else:
        sections += (
            Paragraph(f"Nothing is to be done: the store is as the profile {script.profile} wants it.", Tone.GOOD),
        )
    return Report("kinetune init", f"kinetune init: profile {script.profile}", sections, _data(seen))


def applied(plan: Report, outcome: Outcome) -> Applied:
    """The plan's report with the outcome behind it."""
    retried = sum(done.tries - 1 for done in outcome.done)
    waits = f", {retried} retries for locks" if retried else ""
    sent = counted(len(outcome.done), "statement")
    line = Paragraph(f"Done and verified: {sent} in {outcome.seconds:.1f} s{waits}.", Tone.GOOD)
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
    """What runs in a database that is not there yet is led there, as psql is."""
    if step.unfolds:
        return "".join(f"{statement}\n\\gexec\n" for statement in step.statements)
    lines = [f"{statement};" for statement in (_transaction(step.statements) if step.atomic else step.statements)]
    after = [] if step.in_database else [f"\\connect {step.subject}"]
    return "\n".join([*lines, *after]) + "\n"


def _release(seen: Seen) -> Iterator[Section]:
    """A release that loses objects, and from which there is no way back by itself."""
    from kinetune.commands.check import said
    from kinetune.kine.traits import LOSES_CREATES

    if seen.kine.known and LOSES_CREATES.of(said(seen.kine)):
        yield Paragraph(
            "This Kine acknowledges creates that failed, and stores NULL that most other releases do not read: "
            "kinetune rule KT601 has the statement to run before v0.16.4 takes its place.",
            Tone.WARN,
        )


def _rebuilt(seen: Seen) -> Iterator[Section]:
    """What a rebuild will take before it is agreed to, and what the last one has left behind."""
    from kinetune.tuning.copying import expected

    if Hazard.REBUILD in seen.script.hazards:
        yield Paragraph(f"The table kine is built anew: {expected(seen.facts).words}.", Tone.WARN)
    elif former := seen.facts.beside.get(BEFORE):
        size = f", {former.bytes / 1e6:,.0f} MB" if former.bytes else ""
        yield Paragraph(f"{BEFORE} holds the table as it was{size}: kinetune init --finish drops it.")


def _statistics(seen: Seen) -> Iterator[Section]:
    """Which plan a store of few rows has that was never analysed, and when that is due."""
    from kinetune.servers.statistics import PLANTED_ROWS, are_missing, is_due

    table = seen.facts.table
    if table and are_missing(table.rows, table.counted) and not is_due(table.rows, table.counted):
        yield Paragraph(
            f"The planner has no statistics of these {table.counted:,} rows: each create and update reads all of them "
            f"to look up one name. Run kinetune analyze once there are {PLANTED_ROWS:,} rows; kinetune check (KT402) "
            "reports it then.",
            Tone.WARN,
        )


def _restart(seen: Seen) -> Iterator[Section]:
    """Settings reach new sessions only: what ends those that are open."""
    sessions = seen.facts.sessions
    names = () if isinstance(sessions, Unknown) else [name for name in sessions if not name.startswith("kinetune/")]
    if names and any(text.startswith("ALTER DATABASE") for step in seen.script.steps for text in step.statements):
        yield Paragraph(
            "Settings reach new sessions only. Afterwards restart Kine, or end its idle sessions on each node; Kine "
            "opens new ones:",
            Tone.WARN,
        )
        yield Code(f"{END_IDLE};\n", "sql")
        if seen.facts.server.flavour is Flavour.YUGABYTEDB:
            yield Paragraph(
                "A change of the catalog may end a write that is under way. Kine v0.16.6 and v0.17.3 to v0.17.5 "
                "acknowledge a create that ended so (KT601): stop these first.",
                Tone.WARN,
            )


def _place(facts: Facts) -> str:
    if not facts.database_exists:
        return f"{facts.server}: there is no database {facts.database} yet"
    if facts.table is None and facts.beside:
        return f"{facts.server}, database {facts.database}: a rebuild of kine stands between two renames"
    if facts.table is None:
        return f"{facts.server}, database {facts.database}: there is no table kine yet"
    rows = f"about {facts.table.size:,} rows" if facts.table.size else _unknown_rows(facts.table)
    return f"{facts.server}, database {facts.database}: the table {facts.table.schema}.kine, {rows}"


def _unknown_rows(table: Relation) -> str:
    return "no rows" if table.max_id is None else "rows never counted (ANALYZE kine)"


def _changes(script: Script, back: str) -> Iterator[Section]:
    """What is done together under one heading, with its SQL; a reason or a lock is told once."""
    reasons, told, warned = dict(script.reasons), dict[str, str](), set[str]()
    for numbers, steps in _together(script):
        subject, why = steps[0].subject, reasons.get(steps[0].subject, steps[0].why)
        locks = "; then ".join(dict.fromkeys(step.locks for step in steps))
        known = {name: told.setdefault(text, numbers) for name, text in (("why", why), ("locks", locks))}
        yield Heading(f"{numbers}. {subject if len(steps) > 1 else steps[0].does}")
        yield Items(
            (
                *([Cell("; then ".join(step.does for step in steps))] if len(steps) > 1 else []),
                Cell(f"why: {why if known['why'] == numbers else 'as for ' + known['why']}"),
                Cell(f"locks: {locks if known['locks'] == numbers else 'as for ' + known['locks']}"),
                *_hazards(steps, warned),
                *_undo(steps, back),
            )
        )
        yield Code("".join(map(_sql, steps)), "sql")


def _together(script: Script) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Steps of one subject with their numbers, '1–3'."""
    numbered = enumerate(script.steps, 1)
    for _, group in groupby(numbered, key=lambda pair: pair[1].subject or pair[0]):
        numbers, steps = zip(*group, strict=True)
        yield "–".join(str(number) for number in sorted({numbers[0], numbers[-1]})), steps


def _hazards(steps: tuple[Step, ...], warned: set[str]) -> Iterator[Cell]:
    """Each once: a rebuild is one hazard in many steps."""
    for hazard in dict.fromkeys(step.hazard for step in steps if step.hazard and step.hazard not in warned):
        warned.add(hazard)
        yield Cell(f"hazard {hazard}: stop Kine, then --allow {hazard}", Tone.BAD)


def _undo(steps: tuple[Step, ...], back: str) -> Iterator[Cell]:
    """The command that leads back; where there is none, statements from after the last step to before the first."""
    undone = (_transaction(step.undo) if step.atomic and len(step.undo) > 1 else step.undo for step in reversed(steps))
    text = "; ".join(" ".join(statement.split()) for statements in undone for statement in statements)
    if text:
        yield Cell(f"undo: {back if back and steps[0].subject else text}", Tone.DIM)


def _way_back(seen: Seen) -> str:
    """The command that exchanges indexes back, where the store has the schema of a profile now."""
    from kinetune.kine.releases import newest
    from kinetune.tuning.profiles import PROFILES
    from kinetune.tuning.recognise import profile_of

    profile = profile_of(seen.facts, seen.kine.era) if seen.facts.table else ""
    if profile not in PROFILES:
        return ""
    era = "" if seen.kine.era == newest() else f" --kine {seen.kine.era.name}"
    return f"kinetune init {'--revert' if profile == 'stock' else f'--profile {profile}'}{era}"


def _transaction(statements: tuple[str, ...]) -> tuple[str, ...]:
    return ("BEGIN", *statements, "COMMIT")


def _reasons(script: Script) -> Iterator[Section]:
    """Why the rest of the profile is as it is; names with one reason share a row."""
    told = {step.subject for step in script.steps}
    grouped: dict[str, list[str]] = {}
    for name, reason in script.reasons:
        if name not in told:
            grouped.setdefault(reason, []).append(name)
    if grouped:
        rest = "rest of the " if told - {""} else ""
        yield Heading(f"Why the {rest}profile {script.profile} is as it is")
        yield Items(tuple(Cell(f"{', '.join(names)}: {reason}") for reason, names in grouped.items()))


def _kine(seen: Seen) -> Paragraph:
    """Whether Kine may run meanwhile; who is connected is told where it matters."""
    if all(step.kine_may_run for step in seen.script.steps):
        return Paragraph("Kine may keep running.")
    sessions = seen.facts.sessions
    others = 0 if isinstance(sessions, Unknown) else sum(sessions.values())
    return Paragraph(f"Stop Kine first{f': {others} other sessions are connected now' if others else ''}.", Tone.BAD)


def _data(seen: Seen) -> dict[str, object]:
    from kinetune.tuning.copying import expected

    script = seen.script
    size = expected(seen.facts)
    rebuild = {"rows": size.rows, "bytes": size.bytes, "seconds": size.seconds}
    return {
        "server": str(seen.facts.server),
        "database": seen.facts.database,
        "era": seen.kine.era.name,
        "era_source": seen.kine.source,
        "profile": script.profile,
        "steps": list(script.steps),
        "reasons": dict(script.reasons),
        "applied": False,
        "rebuild": rebuild if Hazard.REBUILD in script.hazards else None,
    }


def _done(done: object) -> dict[str, object]:
    from kinetune.database.apply import Done

    assert isinstance(done, Done)
    return {"step": done.position, "sql": done.statement, "tries": done.tries, "seconds": done.seconds}
