"""The copy that `kinetune drop` keeps: made before anything is dropped, or reused from a run that was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.commands.backup import run_backup
from kinetune.commands.observer import Observer, show_stage
from kinetune.model.backup import PG_DUMP_SUFFIXES
from kinetune.model.change import SavedBackup
from kinetune.model.failure import UsageFailure
from kinetune.model.holdings import RowCount
from kinetune.model.source_address import AddressKind, SourceAddress

if TYPE_CHECKING:
    from kinetune.tuning.change_plans import DropPlan


def check_backup_file(path: Path) -> None:
    """
    UsageFailure where a backup cannot be written there. A file that exists may be the copy of an interrupted run: here
    only its first line is read, all of it when the store is known.
    """
    from kinetune.database.private_file import refuse_existing
    from kinetune.transfer.archive import read_manifest

    if not path.exists():
        return
    if not path.is_file():
        raise UsageFailure(f"{path} is not a file", "name a file: the copy is read again before anything is dropped")
    try:
        read_manifest(path)
    except UsageFailure:
        refuse_existing(path)


def find_backup(plan: DropPlan, observer: Observer) -> SavedBackup | None:
    """
    The file of an interrupted run, where it holds exactly the rows of the store or the table is gone; None where there
    is no file yet. UsageFailure where it holds anything else, or where pg_dump has to write it and cannot.
    """
    from kinetune.database.dump import require_pg_dump
    from kinetune.database.session import open_session

    path = plan.backup
    if path is None:
        return None
    if path.exists():
        return _check_earlier(plan, path, observer)
    if path.suffix in PG_DUMP_SUFFIXES and plan.holdings.facts.table is not None:
        with open_session(plan.endpoint, "drop") as session:
            require_pg_dump(session)
    return None


def _check_earlier(plan: DropPlan, path: Path, observer: Observer) -> SavedBackup:
    from kinetune.database.private_file import refuse_existing
    from kinetune.transfer.archive import read_backup, sum_rows
    from kinetune.transfer.database_source import open_database

    try:
        found = read_backup(path)
    except UsageFailure:
        refuse_existing(path)
        raise
    table, made = plan.holdings.facts.table, found.manifest.definition
    is_of_database = made is not None and made.database == plan.endpoint.database
    if not is_of_database or (table and table.max_id != found.sums.max_id):
        refuse_existing(path)
    if table is not None:
        # The same number of rows and the same newest revision may still be other rows: only their sums prove it.
        title = f"compare kine with {path}"
        with show_stage(observer, title, _row_count(plan)) as update, open_database(plan.endpoint, "drop") as source:
            if sum_rows(source, update) != found.sums:
                refuse_existing(path)
    return SavedBackup(path, path.stat().st_size, found.sums.rows, found.sums.max_id, earlier=True)


def make_backup(plan: DropPlan, observer: Observer) -> SavedBackup | None:
    """Written and read again; None where no copy is wanted or there is no table."""
    if plan.backup is None or plan.holdings.facts.table is None:
        return None
    address = SourceAddress(AddressKind.DATABASE, endpoint=plan.endpoint)
    return run_backup(address, plan.backup, "drop", observer).saved


def _row_count(plan: DropPlan) -> int | None:
    return plan.holdings.rows.number if isinstance(plan.holdings.rows, RowCount) else None
