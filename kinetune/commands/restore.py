"""What `kinetune restore` does: read a backup, plan where it goes, copy its rows, and check that they are there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kinetune.commands.change import Change, Question, Runner
from kinetune.commands.observer import SILENT, Observer, show_stage
from kinetune.formatting import format_count
from kinetune.model.failure import CouldNotLook, Refused, UsageFailure
from kinetune.model.server import Flavour
from kinetune.servers.sequence_flag import SEQUENCE_FLAG
from kinetune.tuning.change_plans import RestorePlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinetune.database.session import Session
    from kinetune.model.backup import Backup
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Facts
    from kinetune.model.script import Script
    from kinetune.tuning.restoration import RestoreScripts

PG_DUMP_COMMANDS = {
    b"PGDMP": "pg_restore --no-owner -d DATABASE",
    b"--\n-- PostgreSQL database dump": "psql -1 -d DATABASE -f",
}
"""How files of pg_dump begin, and the command that restores them."""


@dataclass(frozen=True)
class RestoreOptions:
    """The file that holds the backup."""

    file: Path


def plan_restore(
    find_endpoint: Callable[[], Endpoint], options: RestoreOptions, observer: Observer = SILENT
) -> RestorePlan:
    """
    Read the whole file, then look at the store in a session that may only read. UsageFailure, before `find_endpoint`
    may start an embedded server, where the file is not a backup or not the bytes that were written.
    """
    from kinetune.database.backup_file import read_backup
    from kinetune.database.observe import open_store

    _refuse_pg_dump(options.file)
    with observer.progress(f"read {options.file}"):
        backup = read_backup(options.file)
    endpoint = find_endpoint()
    with open_store(endpoint, "restore") as (session, facts):
        if not facts.database:  # libpq's own default, or a service's
            facts = replace(facts, database=session.connection.info.dbname)
        scripts = _plan_scripts(session, facts, backup)
    return RestorePlan(replace(endpoint, database=facts.database), options.file, backup, facts, scripts)


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


def _plan_scripts(session: Session, facts: Facts, backup: Backup) -> RestoreScripts:
    from kinetune.database.restore import read_restore_target
    from kinetune.tuning.restoration import RestoreTarget, plan_restoration

    row: dict[str, Any] = read_restore_target(session)
    roles = frozenset(row["roles"]), frozenset(row["known"])
    if not facts.database_exists:  # the session is in another database, whose names and schemas do not count
        return plan_restoration(backup, facts, RestoreTarget("public", frozenset(), *roles))
    here = RestoreTarget(row["schema"], frozenset(row["taken"]), *roles, indexes=tuple(row["indexes"]))
    return plan_restoration(backup, facts, here)


class RestoreChange(Change[RestorePlan, RestoreOptions]):
    """The confirmed plan of `restore`."""

    command: ClassVar[str] = "restore"

    def check_allowed(self) -> None:
        """plan_restoration has raised already where the restore is not possible; it has no hazards."""

    def question(self) -> Question:
        rows = format_count(self.plan.backup.sums.rows, "row")
        return Question(f"Restore {rows} to {self.plan.endpoint}?", "--yes")

    def check_session(self, session: Session) -> None:
        """On YugabyteDB the flag of this node decides the cache of a new sequence; no SQL lowers it later."""
        from kinetune.database.probe import read_least_cache

        if session.server.flavour is not Flavour.YUGABYTEDB or self.plan.backup.manifest.sequence.cache > 1:
            return
        if (cache := read_least_cache(session)) > 1:
            raise Refused(
                f"nothing was restored: ids would be cached {cache} at a time on this node",
                f"restart every tserver with --{SEQUENCE_FLAG}=1, then run again",
            )

    def plan_again(self, session: Session) -> Script:
        if self.plan.script.maintenance_script():
            # This run created the database, whose roles and schemas could not be read before: not a change.
            return self.plan.script.database_script()
        return replace(self.plan, scripts=self._plan_here(session)).script

    def _plan_here(self, session: Session) -> RestoreScripts:
        from kinetune.database.observe import observe_store

        facts = replace(observe_store(session), database=self.plan.endpoint.database)
        return _plan_scripts(session, facts, self.plan.backup)

    def apply(self, session: Session, runner: Runner) -> None:
        # The comparison under the lock found no difference, unless this run created the database.
        scripts = self._plan_here(session) if self.plan.script.maintenance_script() else self.plan.scripts
        # Indexes and the name come after the rows: a load into a table without indexes is the fastest.
        runner.run(session, scripts.before_rows.database_script())
        self._copy_rows(session)
        runner.run(session, scripts.after_rows)

    def _copy_rows(self, session: Session) -> None:
        from kinetune.database.restore import RowLoader, read_restore_target
        from kinetune.tuning.restoration import RestoreTarget

        # Under another name until it is complete and compared: a Kine that starts meanwhile must not find it.
        table = RestoreTarget(read_restore_target(session)["schema"]).scratch
        title = f"copy {self.plan.file} to {table} and read it back"
        # Each row is reported twice: when it is sent, and when it is read back to be compared.
        with show_stage(self.observer, title, 2 * self.plan.backup.sums.rows) as update:
            RowLoader(self.plan.file, self.plan.backup, table).load_rows(session, update)

    def verify(self) -> None:
        """The rows have been compared already: this is about the table that a new session finds by the name kine."""
        from kinetune.database.observe import open_store

        with open_store(self.plan.endpoint, self.command) as (_, facts):
            table, sums = facts.table, self.plan.backup.sums
        if table is None or (table.max_id or 0) < (sums.max_id or 0):
            raise CouldNotLook(
                "restored, but the newest revisions are missing from kine", "make sure that no Kine is running"
            )
        if table.sequence is None or (table.last_id or 0) < self.plan.backup.next_above:
            raise CouldNotLook(
                "restored, but the sequence of kine is behind its newest revision", "run kinetune init, which raises it"
            )
