"""What `kinetune restore` does: read a backup, plan where it goes, copy its rows, and check that they are there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from kinetune.commands.change import Question
from kinetune.commands.incoming import (
    IncomingRows,
    choose_definition,
    fill_table,
    find_database_name,
    plan_table,
)
from kinetune.commands.incoming_change import IncomingChange
from kinetune.commands.observer import SILENT, Observer
from kinetune.formatting import format_count
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.tuning.change_plans import RestorePlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinetune.database.session import Session
    from kinetune.kine.releases import EraInUse
    from kinetune.model.backup import Backup, TableDefinition
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Facts
    from kinetune.transfer.source import Source

DEFAULT_PROFILE = "tuned"
PG_DUMP_COMMANDS = {
    b"PGDMP": "pg_restore --no-owner -d DATABASE",
    b"--\n-- PostgreSQL database dump": "psql -1 -d DATABASE -f",
}
"""How files of pg_dump begin, and the command that restores them."""


@dataclass(frozen=True)
class RestoreOptions:
    """
    The file that holds the backup. `bump` is added to its revision; only the newest row of each key is then restored.

    `profile` None: the table of the backup; tuned where it has none, because it is from SQLite, MySQL or etcd. `era`
    None: the newest.
    """

    file: Path
    bump: int = 0
    profile: str | None = None
    era: EraInUse | None = None


def plan_restore(
    find_endpoint: Callable[[], Endpoint], options: RestoreOptions, observer: Observer = SILENT
) -> RestorePlan:
    """
    Read the whole file, then look at the store in a session that may only read. UsageFailure, before `find_endpoint`
    may start an embedded server, where the file is not a backup or not the bytes that were written.
    """
    from kinetune.database.observe import open_store
    from kinetune.transfer.archive import read_backup

    _refuse_pg_dump(options.file)
    with observer.progress(f"read {options.file}"):
        backup = read_backup(options.file)
    endpoint = find_endpoint()
    with open_store(endpoint, "restore") as (session, facts):
        facts = find_database_name(session, facts)
        definition = _choose_definition(options, backup, facts)
        rows = _describe_rows(options, backup)
        scripts = plan_table(session, facts, definition, rows)
    return RestorePlan(
        replace(endpoint, database=facts.database),
        options.file,
        backup,
        facts,
        scripts,
        definition,
        rows.next_above or 0,
        options.bump,
        profile="" if definition is backup.manifest.definition else options.profile or DEFAULT_PROFILE,
    )


def _refuse_pg_dump(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            start = stream.read(64)
    except OSError as error:
        raise UsageFailure(f"cannot read {file}: {error.strerror}", "name a file that can be read") from None
    # `drop --backup x.dump` made them, so users try to restore them here.
    for mark, command in PG_DUMP_COMMANDS.items():
        if start.startswith(mark):
            raise UsageFailure(f"{file} was written by pg_dump", f"restore it with {command} {file}")


def _choose_definition(options: RestoreOptions, backup: Backup, facts: Facts) -> TableDefinition:
    made = backup.manifest.definition
    if made is not None and options.profile is None:
        return made
    return choose_definition(options.profile or DEFAULT_PROFILE, options.era, facts.server)


def _open_source(options: RestoreOptions, backup: Backup) -> Source:
    from kinetune.transfer.archive import ArchiveSource
    from kinetune.transfer.live_rows import LiveRowsSource

    source = ArchiveSource(options.file, backup)
    return LiveRowsSource(source, options.bump) if options.bump else source


def _describe_rows(options: RestoreOptions, backup: Backup) -> IncomingRows:
    raised = f", revisions raised by {options.bump}" if options.bump else ""
    origin = f"backup with SHA-256 {backup.sums.sha256[:16]}…{raised}"
    state = _open_source(options, backup).state
    return IncomingRows(origin, max(state.revision, backup.next_above))


class RestoreChange(IncomingChange[RestorePlan, RestoreOptions]):
    """The confirmed plan of `restore`."""

    command: ClassVar[str] = "restore"

    def check_allowed(self) -> None:
        """plan_incoming has raised already where the restore is not possible; it has no hazards."""

    def question(self) -> Question:
        rows = format_count(self.plan.backup.sums.rows, "row")
        return Question(f"Restore {rows} to {self.plan.endpoint}?", "--yes")

    def describe_rows(self) -> IncomingRows:
        return _describe_rows(self.options, self.plan.backup)

    def check_idle(self, session: Session) -> None:
        from kinetune.database.kine_stopped import require_kine_stopped

        if self.plan.facts.table is not None:  # empty: it will be dropped
            require_kine_stopped(session)

    def fill(self, session: Session) -> None:
        fill_table(session, _open_source(self.options, self.plan.backup), self.observer)

    def verify(self) -> None:
        """The rows have been compared already: this is about the table that a new session finds by the name kine."""
        from kinetune.database.observe import open_store

        newest = self.plan.next_above if self.plan.bump else self.plan.backup.sums.max_id or 0
        with open_store(self.plan.endpoint, self.command) as (_, facts):
            table = facts.table
        if table is None or (table.max_id or 0) < newest:
            raise CouldNotLook(
                "restored, but the newest revisions are missing from kine", "make sure that no Kine is running"
            )
        if table.sequence is None or (table.last_id or 0) < self.plan.next_above:
            raise CouldNotLook(
                "restored, but the sequence of kine is behind its newest revision", "run kinetune init, which raises it"
            )
