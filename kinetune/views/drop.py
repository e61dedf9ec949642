"""The report of `kinetune drop`: what is dropped, what is kept, what forbids it; then the result."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes, format_count, format_number, format_time
from kinetune.kine.table_shape import find_unknown_columns
from kinetune.model.backup import PG_DUMP_SUFFIXES
from kinetune.model.change import ChangeResult
from kinetune.model.facts import Relation
from kinetune.model.holdings import Holdings, RowCount, WriteWatch
from kinetune.model.plain_data import encode
from kinetune.model.report import BulletList, Cell, Code, Heading, Paragraph, Report, Section, Tone
from kinetune.model.unknown import Unknown
from kinetune.tuning.change_plans import DropPlan
from kinetune.tuning.target import PROFILE_SETTINGS
from kinetune.views.backup import SECRETS, describe_copy
from kinetune.views.change import ChangeReport, add_result, format_script, format_seconds, list_statements

SHOWN_OTHERS = 5


def build_plan_report(plan: DropPlan) -> Report:
    """What is dropped, or that there is nothing to drop."""
    sections: tuple[Section, ...] = (Paragraph(_describe_store(plan.holdings)),)
    if plan.script:
        lists = {"To be dropped": _dropped(plan), "Use of the store": _users(plan), "Not dropped": _kept(plan)}
        for title, cells in lists.items():
            if items := tuple(cells):
                sections += (Heading(title), BulletList(items))
        sections += (Heading("Statements"), Code(format_script(plan.script), "sql"), _backup_advice(plan))
    else:
        sections += (Paragraph("Nothing to drop: the database holds no objects of Kine or kinetune.", Tone.GOOD),)
    return Report("kinetune drop", "kinetune drop", sections, _plan_data(plan))


def build_result_report(report: Report, result: ChangeResult) -> ChangeReport:
    """The plan's report with what was dropped and the copy that was kept."""
    dropped = f"{format_count(len(result.statements), 'statement')} in {format_seconds(result.seconds)}"
    sections = [Paragraph(describe_copy(result.backup), Tone.GOOD)] if result.backup else []
    data = {
        "dropped": True,
        "seconds": result.seconds,
        "statements": list_statements(result),
        "backup": result.backup,
    }
    return add_result(report, (*sections, Paragraph(f"Dropped and verified: {dropped}.", Tone.GOOD)), data)


def _describe_store(held: Holdings) -> str:
    facts = held.facts
    if not facts.database_exists:
        return f"{facts.server}: database {facts.database} does not exist"
    table = f"table {facts.table.schema}.kine" if facts.table else "no table kine"
    return f"{facts.server}, database {facts.database}: {table}"


def _dropped(plan: DropPlan) -> Iterator[Cell]:
    held, table = plan.holdings, plan.holdings.facts.table
    if plan.whole_database:
        yield Cell(f"database {held.facts.database} with everything in it", Tone.BAD)
    if table is not None:
        rows, keys = _describe_number(held.rows), _describe_number(held.live)
        yield Cell(f"table {table.schema}.kine: {rows} rows, {keys} live keys", Tone.BAD)
        yield Cell(f"on disk: {format_bytes(held.bytes)} with {len(table.indexes) + 1} indexes")
        yield Cell(f"newest revision: {format_number(table.max_id or 0)}{_describe_sequence(table)}")
        if held.watched:
            yield Cell(f"last write: {_describe_writes(held.watched)}", Tone.BAD if held.watched.wrote else Tone.PLAIN)
    for left in held.leftovers:
        name = left.name if left.kind == "schema" else f"{left.schema}.{left.name}"
        size = f", {format_bytes(left.bytes)}" if left.bytes else ""
        yield Cell(f"left by kinetune: {left.kind} {name}{size}")
    if settings := [step.does.split()[1] for step in plan.script.steps if step.does.startswith("reset ")]:
        yield Cell(f"database settings: {', '.join(settings)}")


def _describe_number(number: RowCount | Unknown | None) -> str:
    return f"({number.reason})" if isinstance(number, Unknown) else str(number)


def _describe_sequence(table: Relation) -> str:
    ahead = (table.last_id or 0) - (table.max_id or 0)
    return f"; the sequence is {format_number(ahead)} ahead" if ahead > 0 and table.sequence else ""


def _describe_writes(watched: WriteWatch) -> str:
    """Only what was observed: Kine stores no time with a row."""
    watch = format_seconds(watched.seconds)
    if watched.wrote:
        return f"now: {watched.wrote} in {watch}"
    if isinstance(watched.written_at, Unknown):
        return f"none in {watch}; time of the newest revision unknown ({watched.written_at.reason})"
    committed = f"{format_time(watched.written_at.timestamp())}, {format_seconds(watched.age or 0)} ago"
    return f"the newest revision was committed {committed}; no write in {watch}"


def _users(plan: DropPlan) -> Iterator[Cell]:
    held = plan.holdings
    for user in held.users:
        name = user.application or "no application_name"
        yield Cell(f"server process {user.pid} ({name}): {user.why or 'no use of kine was observed'}")
    if not held.users:
        yield Cell("no other session is connected to the database", Tone.GOOD)
    for notice in held.notices:
        yield Cell(notice, Tone.WARN)
    for hazard, observed in plan.hazards:
        yield Cell(f"hazard {hazard}: {observed}; remove the cause, or add --allow {hazard}", Tone.BAD)
    for name in held.dependants:
        yield Cell(f"{name} depends on the table and must be dropped first", Tone.BAD)


def _kept(plan: DropPlan) -> Iterator[Cell]:
    if plan.whole_database:
        return
    others, settings = plan.holdings.others, plan.holdings.facts.database_settings
    if others:
        more = f" and {len(others) - SHOWN_OTHERS} more" if len(others) > SHOWN_OTHERS else ""
        yield Cell(f"other relations: {', '.join(others[:SHOWN_OTHERS])}{more}")
    if foreign := sorted(name for name, value in settings.items() if (name, value) not in PROFILE_SETTINGS):
        yield Cell(f"database settings that kinetune did not make: {', '.join(foreign)}")


def _backup_advice(plan: DropPlan) -> Paragraph:
    table = plan.holdings.facts.table
    if table is None:
        return Paragraph("There is no table to back up.")
    if plan.backup is None:
        return Paragraph("This cannot be undone. Add --backup FILE to keep a copy for kinetune restore.", Tone.WARN)
    # pg_dump copies what hangs on the table (triggers, policies, rights on columns) and columns that no Kine knows;
    # kinetune's own format does not.
    unknown = (f"the values of its column {column.name}" for column in find_unknown_columns(table))
    missing = () if plan.backup.suffix in PG_DUMP_SUFFIXES else (*table.attached, *unknown)
    without = f" It does not include {', '.join(missing)}; pg_dump would (name a .dump file)." if missing else ""
    return Paragraph(f"First a copy is written to {plan.backup}.{without} {SECRETS}", Tone.WARN)


def _plan_data(plan: DropPlan) -> dict[str, object]:
    held = plan.holdings
    return {
        "server": str(held.facts.server),
        "database": held.facts.database,
        "database_exists": held.facts.database_exists,
        "whole_database": plan.whole_database,
        "table": held.facts.table and f"{held.facts.table.schema}.kine",
        "max_id": held.facts.table and held.facts.table.max_id,
        "last_id": held.facts.table and held.facts.table.last_id,
        **{
            name: encode(getattr(held, name))
            for name in ("rows", "live", "bytes", "watched", "users", "leftovers", "dependants", "others", "notices")
        },
        "hazards": [{"hazard": hazard, "why": observed} for hazard, observed in plan.hazards],
        "steps": list(plan.script.steps),
        "dropped": False,
    }
