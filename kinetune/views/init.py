"""The report of `kinetune init`: the plan with all its reasons, then its result."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from kinetune.formatting import format_bytes, format_count, format_number
from kinetune.kine.releases import LOSES_CREATES, release_in_use
from kinetune.kine.table_shape import BEFORE
from kinetune.model.change import ChangeResult
from kinetune.model.facts import Facts, Relation
from kinetune.model.report import BulletList, Cell, Code, Heading, Paragraph, Report, Section, Table, Tone
from kinetune.model.script import Hazard, Script, Step
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.servers.sequence_flag import SEQUENCE_FLAG, SEQUENCE_FLAG_LINES, minimum_caches
from kinetune.servers.yugabytedb import PLANTED_ROWS, are_missing, needs_analyze
from kinetune.tuning.change_plans import InitPlan
from kinetune.tuning.copying import estimate_rebuild
from kinetune.tuning.profiles import PROFILES, recognise_profile
from kinetune.tuning.sequence import depends_on_cache_flag
from kinetune.tuning.statements import END_IDLE
from kinetune.views.change import (
    ChangeReport,
    add_result,
    format_script,
    format_seconds,
    format_step,
    in_transaction,
    list_statements,
)


def build_plan_report(plan: InitPlan) -> Report:
    """The plan with all its reasons, or that there is nothing to do."""
    script = plan.script
    sections: tuple[Section, ...] = (
        Paragraph(_describe_store(plan.facts)),
        Paragraph(f"Kine {plan.kine.era.releases}: {plan.kine.source}"),
        *_warnings(plan),
    )
    if script:
        sections += (
            *_describe_steps(script, _undo_command(plan)),
            *_other_reasons(script),
            *_cache_flag(plan),
            *_restart_advice(plan),
            _kine_advice(plan),
        )
    else:
        sections += (Paragraph(_nothing_to_do(plan), Tone.GOOD),)
    return Report("kinetune init", f"kinetune init: profile {script.profile}", sections, _plan_data(plan))


def _nothing_to_do(plan: InitPlan) -> str:
    if plan.drops_old_table:
        return f"Nothing to drop: there is no table {BEFORE}."
    return f"Nothing to do: the store matches the profile {plan.script.profile}."


def build_result_report(plan: InitPlan, report: Report, result: ChangeResult) -> ChangeReport:
    """The plan's report with what was applied."""
    retried = sum(done.tries - 1 for done in result.statements)
    retries = f" (retries: {retried})" if retried else ""  # after lock timeouts, and conflicts on YugabyteDB
    applied = f"{format_count(len(result.statements), 'statement')} in {format_seconds(result.seconds)}{retries}"
    data = {"applied": True, "statements": list_statements(result), "seconds": result.seconds}
    sections: tuple[Section, ...] = (Paragraph(f"Done and verified: {applied}.", Tone.GOOD),)
    if _needs_analyze(plan):
        sections += (Paragraph("Run kinetune analyze: the planner has no statistics of kine.", Tone.WARN),)
    return add_result(report, sections, data)


def _needs_analyze(plan: InitPlan) -> bool:
    """
    Whether PostgreSQL has never analyzed the rows of kine, and the steps do not either. YugabyteDB has a warning of its
    own, because there statistics of few rows do harm.
    """
    table = plan.facts.table
    if plan.facts.server.flavour is not Flavour.POSTGRESQL or table is None or plan.drops_old_table:
        return False
    analyzes = any("ANALYZE" in text for step in plan.script.steps for text in step.statements)
    return table.max_id is not None and not table.rows and not analyzes


def format_script_file(script: Script) -> str:
    """The whole plan for `psql -f`."""
    return f"{format_script(script)}\n" if script else "-- nothing to do\n"


def _describe_store(facts: Facts) -> str:
    if not facts.database_exists:
        return f"{facts.server}: database {facts.database} does not exist yet"
    place = f"{facts.server}, database {facts.database}"
    if facts.table is None and facts.beside:
        return f"{place}: a rebuild of kine was interrupted between two renames"
    if facts.table is None:
        return f"{place}: table kine does not exist yet"
    return f"{place}: table {facts.table.schema}.kine, {_describe_size(facts.table)}"


def _describe_size(table: Relation) -> str:
    if table.size:
        return f"about {format_count(table.size, 'row')}"
    return "no rows" if table.max_id is None else "number of rows unknown (run kinetune analyze)"


def _warnings(plan: InitPlan) -> Iterator[Section]:
    """What the user has to know about server, release and table before the steps."""
    facts, table = plan.facts, plan.facts.table
    if facts.server.note:
        yield Paragraph(f"Note: {facts.server.note}", Tone.WARN)
    if plan.kine.known and LOSES_CREATES.applies_to(release_in_use(plan.kine)):
        yield Paragraph(
            "This Kine acknowledges creates that failed, and stores NULL values that most other releases cannot read. "
            "kinetune rule KT601 shows the statement to run before replacing it with v0.16.4.",
            Tone.WARN,
        )
    if Hazard.REBUILD in plan.script.hazards:
        yield Paragraph(f"The table kine will be rebuilt: {estimate_rebuild(facts).words}.", Tone.WARN)
    elif former := facts.beside.get(BEFORE):  # it doubles the size of the store until it is dropped
        size = f" ({format_bytes(former.bytes)})" if former.bytes else ""
        yield Paragraph(
            f"{BEFORE} holds the table from before the rebuild{size}: kinetune init --drop-old-table drops it."
        )
    if table and are_missing(table.rows, table.counted) and not needs_analyze(table.rows, table.counted):
        yield Paragraph(
            f"The planner has no statistics for these {format_count(table.counted or 0, 'row')}: each create and "
            "update reads all of them to find one name. Run kinetune analyze once there are "
            f"{format_number(PLANTED_ROWS)} rows; kinetune check reports it then (KT402).",
            Tone.WARN,
        )


def _describe_steps(script: Script, undo_command: str) -> Iterator[Section]:
    """Steps of one subject under one heading, with their SQL. A repeated reason or lock refers to its first place."""
    reasons, first_place, warned = dict(script.reasons), dict[str, str](), set[Hazard]()
    for numbers, steps in _group_by_subject(script):
        subject = steps[0].subject
        texts = {
            "why": reasons.get(subject, steps[0].why),
            "locks": "; then ".join(dict.fromkeys(step.locks for step in steps)),
        }
        yield Heading(f"{numbers}. {subject if len(steps) > 1 else steps[0].does}")
        items = [Cell("; then ".join(step.does for step in steps))] if len(steps) > 1 else []
        for label, text in texts.items():
            place = first_place.setdefault(text, numbers)
            items.append(Cell(f"{label}: {text if place == numbers else f'same as {place}'}"))
        yield BulletList((*items, *_hazard_items(steps, warned), *_undo_items(steps, undo_command)))
        yield Code("".join(map(format_step, steps)), "sql")


def _group_by_subject(script: Script) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Neighbouring steps of one subject, with their numbers: `1–3`."""
    numbered = enumerate(script.steps, 1)
    # A step without a subject forms a group of its own: its number is the key.
    for _, group in groupby(numbered, key=lambda pair: pair[1].subject or pair[0]):
        numbers, steps = zip(*group, strict=True)
        yield "–".join(str(number) for number in sorted({numbers[0], numbers[-1]})), steps


def _hazard_items(steps: tuple[Step, ...], warned: set[Hazard]) -> Iterator[Cell]:
    """Each hazard once: a rebuild is one hazard in many steps."""
    for hazard in dict.fromkeys(step.hazard for step in steps if step.hazard and step.hazard not in warned):
        warned.add(hazard)
        yield Cell(f"hazard {hazard}: stop Kine, then add --allow {hazard}", Tone.BAD)


def _undo_items(steps: tuple[Step, ...], undo_command: str) -> Iterator[Cell]:
    """The command that reverts the steps, or else their statements, those of the last step first."""
    # A command exists only for an exchange of indexes, whose steps have a subject.
    undone = (
        in_transaction(step.undo) if step.atomic and len(step.undo) > 1 else step.undo for step in reversed(steps)
    )
    text = "; ".join(" ".join(statement.split()) for statements in undone for statement in statements)
    if text:
        yield Cell(f"undo: {undo_command if undo_command and steps[0].subject else text}", Tone.DIM)


def _undo_command(plan: InitPlan) -> str:
    """The command that puts the present indexes back; empty where they are not those of a profile."""
    from kinetune.kine.releases import newest_era

    profile = recognise_profile(plan.facts, plan.kine.era) if plan.facts.table else ""
    if profile not in PROFILES:
        return ""
    era = "" if plan.kine.era == newest_era() else f" --kine {plan.kine.era.name}"
    return f"kinetune init {'--revert' if profile == 'stock' else f'--profile {profile}'}{era}"


def _other_reasons(script: Script) -> Iterator[Section]:
    """Reasons for the parts of the profile that need no step; names with the same reason share a line."""
    changed = {step.subject for step in script.steps}  # their reasons are shown with their steps
    grouped: dict[str, list[str]] = {}
    for name, reason in script.reasons:
        if name not in changed:
            grouped.setdefault(reason, []).append(name)
    if grouped:
        rest = "the rest of " if changed - {""} else ""
        yield Heading(f"Reasons for {rest}profile {script.profile}")
        yield BulletList(tuple(Cell(f"{', '.join(names)}: {reason}") for reason, names in grouped.items()))


def _cache_flag(plan: InitPlan) -> Iterator[Section]:
    """What is known of YugabyteDB's cache flag and how to set it; nothing where no step depends on it or it is 1."""
    if not depends_on_cache_flag(plan.facts, plan.script):
        return
    caches = minimum_caches(plan.facts)
    if caches and all(cache == 1 for cache in caches.values()):
        return
    yield Heading("Sequence cache")
    if any(cache is not None and cache > 1 for cache in caches.values()):
        nodes = ", ".join(f"{cache or 'unknown'} on {node}" for node, cache in sorted(caches.items()))
        yield Paragraph(
            f"{SEQUENCE_FLAG} is {nodes}. A sequence that is created there caches ids: watches stall, kube-apiserver "
            "crashes while it bootstraps, and acknowledged objects are lost. Set the flag to 1 on every tserver and "
            "restart them first:",
            Tone.BAD,
        )
    else:
        yield Paragraph(
            f"{SEQUENCE_FLAG} could not be read from every node. A temporary sequence will show its value first; if it "
            "is above 1, nothing is created. Set the flag on every tserver and restart them:",
            Tone.WARN,
        )
    rows = tuple((Cell(method), Cell(line)) for method, line in SEQUENCE_FLAG_LINES.items())
    yield Table(("installed with", "setting"), rows, fold="setting")


def _restart_advice(plan: InitPlan) -> Iterator[Section]:
    """How open sessions get the new settings, where settings change and there are such sessions."""
    clients = plan.facts.client_sessions
    texts = (text for step in plan.script.steps for text in step.statements)
    if isinstance(clients, Unknown) or not clients or not any(text.startswith("ALTER DATABASE") for text in texts):
        return
    yield Paragraph(
        "Settings apply to new sessions only. Afterwards restart Kine, or end its idle sessions on each node; Kine "
        "opens new ones:",
        Tone.WARN,
    )
    yield Code(f"{END_IDLE};\n", "sql")
    if plan.facts.server.flavour is Flavour.YUGABYTEDB:
        yield Paragraph(
            "A catalog change can abort a write in progress. Kine v0.16.6 and v0.17.3 to v0.17.5 acknowledge a create "
            "that was aborted in this way (KT601): stop these releases first.",
            Tone.WARN,
        )


def _kine_advice(plan: InitPlan) -> Paragraph:
    """Whether Kine may run meanwhile."""
    if all(step.kine_may_run for step in plan.script.steps):
        return Paragraph("Kine may keep running.")
    # Kine sets no application_name unless its endpoint has one: which of these sessions are Kine's is not known.
    sessions = plan.facts.sessions
    others = 0 if isinstance(sessions, Unknown) else sum(sessions.values())
    connected = f"; now connected: {format_count(others, 'other session')}" if others else ""
    return Paragraph(f"Stop Kine first{connected}.", Tone.BAD)


def _plan_data(plan: InitPlan) -> dict[str, object]:
    script, size = plan.script, estimate_rebuild(plan.facts)
    rebuild = {"rows": size.rows, "bytes": size.bytes, "seconds": size.seconds}
    return {
        "server": str(plan.facts.server),
        "database": plan.facts.database,
        "era": plan.kine.era.name,
        "era_source": plan.kine.source,
        "profile": script.profile,
        "steps": list(script.steps),
        "reasons": dict(script.reasons),
        "applied": False,
        "rebuild": rebuild if Hazard.REBUILD in script.hazards else None,
    }
