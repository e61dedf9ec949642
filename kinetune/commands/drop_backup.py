"""The copy that `kinetune drop` keeps: made before anything is dropped, or found whole where an earlier run made it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.commands.drop import Kept
from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.commands.drop import Seen
    from kinetune.model.backup import Backup, Sums
    from kinetune.model.endpoint import Endpoint

OF_PG_DUMP = (".dump", ".sql")


def earlier(seen: Seen, path: Path | None) -> Kept | None:
    """
    The file of an earlier run that was interrupted, if it holds just what is there or if the table is gone.

    None where there is no file yet. UsageFailure where it is another one, or pg_dump would have to write it and cannot:
    all of this before anybody is asked.
    """
    if path is None:
        return None
    if path.exists():
        return _again(seen, path)
    if path.suffix in OF_PG_DUMP and seen.holdings.facts.table is not None:
        _refuse_undumpable(seen.endpoint)
    return None


def keep(seen: Seen, path: Path) -> Kept | None:
    """Made and read again; None where there is no table to copy."""
    if seen.holdings.facts.table is None:
        return None
    return _dumped(seen, path) if path.suffix in OF_PG_DUMP else _made(seen, path)


def _refuse_undumpable(endpoint: Endpoint) -> None:
    from kinetune.database.dump import refuse_undumpable
    from kinetune.database.session import visit

    with visit(endpoint, "drop") as session:
        refuse_undumpable(session)


def _dumped(seen: Seen, path: Path) -> Kept:
    from kinetune.cli.progress import Rows
    from kinetune.database.dump import dump
    from kinetune.database.session import visit

    with Rows(f"pg_dump kine to {path}", None), visit(seen.endpoint, "drop", statement_timeout="0") as session:
        found = dump(session, path)
    return Kept(path, path.stat().st_size, found.rows, found.max_id)


def _made(seen: Seen, path: Path) -> Kept:
    from kinetune.cli.progress import Rows
    from kinetune.database.backup import take
    from kinetune.database.session import visit
    from kinetune.tuning.target import OURS

    rows = getattr(seen.holdings.rows, "number", None)
    settings = {name: value for name, value in OURS if seen.holdings.facts.database_settings.get(name) == value}
    with Rows(f"copy kine to {path}", rows) as progress, visit(seen.endpoint, "drop", statement_timeout="0") as session:
        return _kept(take(session, path, settings, progress.watch), path)


def _again(seen: Seen, path: Path) -> Kept:
    from kinetune.database.backup_file import read, refuse_taken

    try:
        found = read(path)
    except UsageFailure:
        refuse_taken(path)
        raise
    if found.manifest.database != seen.endpoint.database:
        refuse_taken(path)
    table = seen.holdings.facts.table
    if table is not None and (table.max_id != found.sums.max_id or _sums_now(seen, path) != found.sums):
        refuse_taken(path)  # also where as many rows are other ones now
    return _kept(found, path, again=True)


def _sums_now(seen: Seen, path: Path) -> Sums:
    """Of the rows as they are: what an earlier file holds is believed only row by row."""
    from kinetune.cli.progress import Rows
    from kinetune.database.backup import sums
    from kinetune.database.session import visit

    rows = getattr(seen.holdings.rows, "number", None)
    title = f"compare kine with {path}"
    with Rows(title, rows) as progress, visit(seen.endpoint, "drop", statement_timeout="0") as session:
        return sums(session, progress.watch)


def _kept(backup: Backup, path: Path, *, again: bool = False) -> Kept:
    return Kept(path, path.stat().st_size, backup.sums.rows, backup.sums.max_id, again)
