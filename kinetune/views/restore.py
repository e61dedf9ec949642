"""The report of `kinetune restore`: what the backup holds and where it is restored; then the result."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes, format_count, format_number, format_time
from kinetune.model.change import ChangeResult
from kinetune.model.plain_data import encode
from kinetune.model.report import BulletList, Cell, Code, Heading, Paragraph, Report, Section, Tone
from kinetune.quoting import identifier
from kinetune.tuning.change_plans import RestorePlan
from kinetune.views.change import ChangeReport, add_result, format_script, format_seconds


def build_plan_report(plan: RestorePlan) -> Report:
    """The backup, the statements, and what cannot be restored here."""
    facts = plan.facts
    database = f"database {facts.database}" if facts.database_exists else f"a new database {facts.database}"
    sections: tuple[Section, ...] = (
        Paragraph(f"{facts.server}, {database}"),
        Heading("Backup"),
        BulletList(tuple(_describe_backup(plan))),
        Heading("Statements"),
        Code(_format_statements(plan), "sql"),
        *(Paragraph(f"Note: {note}", Tone.WARN) for note in _losses(plan)),
        Paragraph("Keep Kine stopped until this has finished: it would create its own table."),
    )
    return Report("kinetune restore", "kinetune restore", sections, _plan_data(plan))


def build_result_report(plan: RestorePlan, report: Report, result: ChangeResult) -> ChangeReport:
    """The plan's report with what was restored."""
    rows = format_count(plan.backup.sums.rows, "row")
    text = f"Restored and verified: {rows} in {format_seconds(result.seconds)}; {_describe_next(plan)}."
    return add_result(report, (Paragraph(text, Tone.GOOD),), {"restored": True, "seconds": result.seconds})


def _describe_backup(plan: RestorePlan) -> Iterator[Cell]:
    manifest, sums = plan.backup.manifest, plan.backup.sums
    taken = format_time(manifest.taken_at.timestamp())
    yield Cell(f"taken {taken} from {manifest.server}, database {manifest.database}, by kinetune {manifest.kinetune}")
    rows, size = format_count(sums.rows, "row"), format_bytes(sums.bytes)
    yield Cell(f"{rows}, {size} as text, newest revision {format_number(sums.max_id or 0)}")
    yield Cell(f"{len(manifest.indexes) + 1} indexes; {_describe_next(plan)}")


def _describe_next(plan: RestorePlan) -> str:
    return f"the next revision will be above {format_number(plan.backup.next_above)}"


def _losses(plan: RestorePlan) -> Iterator[str]:
    manifest = plan.backup.manifest
    statements = [text for step in plan.scripts.after_rows.steps for text in step.statements]
    if manifest.owner != plan.facts.role.name and not any(" OWNER TO " in text for text in statements):
        yield (
            f"the table belonged to role {manifest.owner}, and role {plan.facts.role.name} cannot make it the owner "
            f"again. If Kine connects as {manifest.owner}, afterwards run: "
            f"ALTER TABLE kine OWNER TO {identifier(manifest.owner)}"
        )
    if strangers := plan.scripts.strangers:
        yield f"privileges of {', '.join(strangers)} are not restored: these roles do not exist here."
    for stored in plan.scripts.left_out:
        yield f"index {stored.index.name} is not restored: this server cannot create it."


def _format_statements(plan: RestorePlan) -> str:
    copy = f"-- copy {format_count(plan.backup.sums.rows, 'row')}, read them back and compare\n"
    return "\n".join((format_script(plan.scripts.before_rows), copy, format_script(plan.scripts.after_rows)))


def _plan_data(plan: RestorePlan) -> dict[str, object]:
    return {
        "server": str(plan.facts.server),
        "database": plan.facts.database,
        "database_exists": plan.facts.database_exists,
        "file": str(plan.file),
        "manifest": encode(plan.backup.manifest),
        "sums": encode(plan.backup.sums),
        "next_above": plan.backup.next_above,
        "steps": list(plan.script.steps),
        "left_out": [stored.index.name for stored in plan.scripts.left_out],
        "restored": False,
    }
