"""The report of `kinetune restore`: what the backup holds and where it is restored; then the result."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes, format_count, format_number, format_time
from kinetune.kine.schema import COLUMNS
from kinetune.model.change import ChangeResult
from kinetune.model.plain_data import encode
from kinetune.model.report import BulletList, Cell, Code, Heading, Paragraph, Report, Section, Tone
from kinetune.quoting import identifier
from kinetune.tuning.change_plans import RestorePlan
from kinetune.views.change import ChangeReport, add_result, format_script, format_seconds

KNOWN_COLUMNS = frozenset(column.name for column in COLUMNS)


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
    rows = format_count(plan.backup.sums.rows, "row") if not plan.bump else "the newest row of each key"
    text = f"Restored and verified: {rows} in {format_seconds(result.seconds)}; {_describe_next(plan)}."
    return add_result(report, (Paragraph(text, Tone.GOOD),), {"restored": True, "seconds": result.seconds})


def _describe_backup(plan: RestorePlan) -> Iterator[Cell]:
    manifest, sums, made = plan.backup.manifest, plan.backup.sums, plan.backup.manifest.definition
    taken, source = format_time(manifest.taken_at.timestamp()), manifest.source
    place = f"database {made.database}" if made else source.place
    yield Cell(f"taken {taken} from {source.kind} {source.version}, {place}, by kinetune {manifest.kinetune}")
    rows, size = format_count(sums.rows, "row"), format_bytes(sums.bytes)
    yield Cell(f"{rows}, {size} before compression, newest revision {format_number(sums.max_id or 0)}")
    profile = f" of the profile {plan.profile}" if plan.profile else ""
    yield Cell(f"{len(plan.definition.indexes) + 1} indexes{profile}; {_describe_next(plan)}")
    if plan.bump:
        yield Cell(
            f"revisions are raised by {format_number(plan.bump)}: the newest row of each key is restored, and clients "
            "that have seen later revisions read everything again"
        )
    if plan.scripts.continues:
        yield Cell("an interrupted restore of this backup is continued")


def _describe_next(plan: RestorePlan) -> str:
    return f"the next revision will be above {format_number(plan.next_above)}"


def _losses(plan: RestorePlan) -> Iterator[str]:
    owner = plan.scripts.owner
    statements = [text for step in plan.scripts.after_rows.steps for text in step.statements]
    if owner not in ("", plan.facts.role.name) and not any(" OWNER TO " in text for text in statements):
        yield (
            f"the table belonged to role {owner}, and role {plan.facts.role.name} cannot make it the owner again. If "
            f"Kine connects as {owner}, afterwards run: ALTER TABLE kine OWNER TO {identifier(owner)}"
        )
    if strangers := plan.scripts.strangers:
        yield f"privileges of {', '.join(strangers)} are not restored: these roles do not exist here."
    for stored in plan.scripts.left_out:
        yield f"index {stored.index.name} is not restored: this server cannot create it."
    if unset := plan.scripts.unset:
        yield f"{', '.join(unset)}: role {plan.facts.role.name} may not change settings of the database."
    if unknown := [column.name for column in plan.definition.columns if column.name not in KNOWN_COLUMNS]:
        yield f"values of {', '.join(unknown)} are not restored: no Kine release has these columns."


def _format_statements(plan: RestorePlan) -> str:
    rows = format_count(plan.backup.sums.rows, "row")
    copy = f"-- copy {'the newest row of each key' if plan.bump else rows}, read them back and compare\n"
    return "\n".join((format_script(plan.scripts.before_rows), copy, format_script(plan.scripts.after_rows)))


def _plan_data(plan: RestorePlan) -> dict[str, object]:
    return {
        "server": str(plan.facts.server),
        "database": plan.facts.database,
        "database_exists": plan.facts.database_exists,
        "file": str(plan.file),
        "manifest": encode(plan.backup.manifest),
        "sums": encode(plan.backup.sums),
        "next_above": plan.next_above,
        "bump_revision": plan.bump,
        "continues": plan.scripts.continues,
        "steps": list(plan.script.steps),
        "left_out": [stored.index.name for stored in plan.scripts.left_out],
        "restored": False,
    }
