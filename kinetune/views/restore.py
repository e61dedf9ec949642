"""What `kinetune restore` says: what the copy holds and where it lands; then that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kinetune.model.plain import encode
from kinetune.model.report import Cell, Code, Heading, Items, Paragraph, Report, Section, Tone
from kinetune.views.drop import size, written

if TYPE_CHECKING:
    from kinetune.commands.restore import Outcome, Seen


@dataclass(frozen=True)
class Restored:
    """The report of a run that put the copy back: `tail` is what comes after what was shown before."""

    whole: Report
    tail: Report


def planned(seen: Seen) -> Report:
    facts = seen.facts
    there = f"database {facts.database}" if facts.database_exists else f"a new database {facts.database}"
    sections: tuple[Section, ...] = (
        Paragraph(f"{facts.server}, {there}"),
        Heading("What comes back"),
        Items(tuple(_comes(seen))),
        Heading("Statements"),
        Code(_sql(seen), "sql"),
        *(Paragraph(note, Tone.WARN) for note in _notes(seen)),
        Paragraph("Keep Kine stopped until it has ended: it would make a table of its own."),
    )
    return Report("kinetune restore", "kinetune restore", sections, _data(seen))


def restored(plan: Report, seen: Seen, outcome: Outcome) -> Restored:
    sums = seen.backup.sums
    text = f"Restored and verified: {sums.rows:,} rows in {outcome.seconds:.1f} s; {_next(seen)}."
    data = plan.data | {"restored": True, "seconds": outcome.seconds}
    whole = replace(plan, sections=(*plan.sections, Paragraph(text, Tone.GOOD)), data=data)
    return Restored(whole, replace(whole, title="", sections=(Paragraph(text, Tone.GOOD),)))


def _comes(seen: Seen) -> Iterator[Cell]:
    manifest, sums = seen.backup.manifest, seen.backup.sums
    taken = manifest.taken_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    yield Cell(f"taken {taken} of {manifest.server}, database {manifest.database}, by kinetune {manifest.kinetune}")
    yield Cell(f"{sums.rows:,} rows, {size(sums.bytes)} as text, newest revision {sums.max_id or 0:,}")
    yield Cell(f"{len(manifest.indexes) + 1} indexes; {_next(seen)}")


def _next(seen: Seen) -> str:
    return f"the next revision is above {seen.backup.next_above:,}"


def _notes(seen: Seen) -> Iterator[str]:
    manifest, facts = seen.backup.manifest, seen.facts
    does = [step.does for step in seen.way.then.steps]
    if manifest.owner != facts.role.name and f"give it to the role {manifest.owner}" not in does:
        yield (
            f"note: the table belonged to the role {manifest.owner}, which cannot be given it from here; "
            f"Kine needs it: ALTER TABLE kine OWNER TO …"
        )
    if strangers := seen.way.strangers:
        yield f"note: what was granted to {', '.join(strangers)} is left out: there is no such role here"
    for stored in seen.way.left_out:
        yield f"note: the index {stored.index.name} cannot be made on this server and is left out"


def _sql(seen: Seen) -> str:
    rows = f"-- copy {seen.backup.sums.rows:,} rows, read them back and compare\n"
    return "\n".join((written(seen.way.first), rows, written(seen.way.then)))


def _data(seen: Seen) -> dict[str, object]:
    return {
        "server": str(seen.facts.server),
        "database": seen.facts.database,
        "database_exists": seen.facts.database_exists,
        "file": str(seen.file),
        "manifest": encode(seen.backup.manifest),
        "sums": encode(seen.backup.sums),
        "next_above": seen.backup.next_above,
        "steps": [*seen.way.first.steps, *seen.way.then.steps],
        "left_out": [stored.index.name for stored in seen.way.left_out],
        "restored": False,
    }
