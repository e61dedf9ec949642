"""The report of `kinetune backup`: what the file holds."""

from __future__ import annotations

from kinetune.formatting import format_bytes, format_count, format_number
from kinetune.model.change import BackupResult, SavedBackup
from kinetune.model.plain_data import encode
from kinetune.model.report import BulletList, Cell, Paragraph, Report, Tone
from kinetune.model.transfer import SourceState
from kinetune.views.change import format_seconds

SECRETS = "The copy holds every value of the cluster, including Secrets; only its owner can read it (mode 0600)."


def build_report(result: BackupResult) -> Report:
    """The store, the copy, and what the next revision after a restore will be."""
    state = result.source
    lines = [Cell(f"{describe_store(state)}: {state.place}" if state else result.place)]
    if state:
        next_above = max(state.revision, state.last_id or 0)
        lines.append(Cell(f"restored, its next revision will be above {format_number(next_above)}"))
        lines += (Cell(note) for note in state.notes)
    sections = (
        BulletList(tuple(lines)),
        Paragraph(f"{describe_copy(result.saved)} It took {format_seconds(result.seconds)}.", Tone.GOOD),
        Paragraph(SECRETS, Tone.WARN),
    )
    return Report("kinetune backup", "kinetune backup", sections, encode(result))


def describe_store(state: SourceState) -> str:
    """Its kind and release: "PostgreSQL 15.18". Some releases begin with the kind."""
    return state.version if state.version.startswith(state.kind) else f"{state.kind} {state.version}"


def describe_copy(backup: SavedBackup) -> str:
    """Whether the copy is new, and what it holds."""
    newest = f"newest revision {format_number(backup.max_id)}" if backup.max_id is not None else "no revision"
    done = "is complete, from an earlier run" if backup.earlier else "was written and read again"
    rows, size = format_count(backup.rows, "row"), format_bytes(backup.bytes)
    return f"The copy {backup.path} {done}: {rows}, {newest}, {size}."
