"""What `kinetune backup` does, and the copy that `kinetune drop` keeps: any store as one file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.commands.observer import SILENT, Observer, show_stage
from kinetune.model.backup import PG_DUMP_SUFFIXES
from kinetune.model.change import BackupResult, SavedBackup
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import UsageFailure
from kinetune.model.source_address import AddressKind, SourceAddress

if TYPE_CHECKING:
    from kinetune.model.backup import TableDefinition
    from kinetune.model.transfer import SourceState


def run_backup(address: SourceAddress, path: Path, command: str, observer: Observer = SILENT) -> BackupResult:
    """
    Copy a store to a new file and read it again. `command` names the sessions on a server (kinetune/<command>).

    UsageFailure if the file exists or cannot be written. Then no file is left.
    """
    from kinetune.database.private_file import refuse_existing

    refuse_existing(path)
    started = time.monotonic()
    if path.suffix in PG_DUMP_SUFFIXES:
        endpoint = _require_database(address, path)
        saved, place, source = _run_pg_dump(endpoint, path, command, observer), str(endpoint), None
    else:
        saved, source = _write_archive(address, path, command, observer)
        place = source.place
    return BackupResult(saved, place, source, time.monotonic() - started)


def _require_database(address: SourceAddress, path: Path) -> Endpoint:
    if not isinstance(address.endpoint, Endpoint):
        raise UsageFailure(f"pg_dump, which writes {path.suffix} files, reads PostgreSQL alone", "name another file")
    return address.endpoint


def _run_pg_dump(endpoint: Endpoint, path: Path, command: str, observer: Observer) -> SavedBackup:
    from kinetune.database.dump import take_dump
    from kinetune.database.session import open_session

    # pg_dump reports no progress: without a total the observer shows only that it is running.
    with (
        show_stage(observer, f"pg_dump kine to {path}"),
        # A large table takes longer than the minute that reading sessions have.
        open_session(endpoint, command, statement_timeout="0") as session,
    ):
        dumped = take_dump(session, path)
    return SavedBackup(path, path.stat().st_size, dumped.rows, dumped.max_id)


def _write_archive(
    address: SourceAddress, path: Path, command: str, observer: Observer
) -> tuple[SavedBackup, SourceState]:
    from kinetune.transfer.archive import write_archive
    from kinetune.transfer.sources import ReadOptions, open_source

    definition = _read_definition(address, command)
    with open_source(address, ReadOptions(), command) as source:
        title = f"copy {source.state.place} to {path}"
        with show_stage(observer, title, source.state.rows or None) as update:
            backup = write_archive(path, source, definition, update)
    sums = backup.sums
    return SavedBackup(path, path.stat().st_size, sums.rows, sums.max_id), backup.manifest.source


def _read_definition(address: SourceAddress, command: str) -> TableDefinition | None:
    """The definition of the table that the rows come from; None for a store that has none on PostgreSQL."""
    from kinetune.database.observe import open_store
    from kinetune.database.table_definition import read_definition
    from kinetune.kine.table_shape import refuse_foreign_table
    from kinetune.tuning.target import PROFILE_SETTINGS

    if address.kind is AddressKind.ARCHIVE and address.file is not None:
        from kinetune.transfer.archive import read_manifest

        return read_manifest(address.file).definition
    if not isinstance(address.endpoint, Endpoint):
        return None
    with open_store(address.endpoint, command) as (session, facts):
        refuse_foreign_table(facts)
        if facts.table is None:  # open_source reports it
            return None
        ours = {name: value for name, value in PROFILE_SETTINGS if facts.database_settings.get(name) == value}
        return read_definition(session, facts, ours)
