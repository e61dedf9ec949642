"""The copy that `kinetune drop` keeps: made before anything is dropped, or found whole where an earlier run made it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.cli.drop_steps import Kept
from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.cli.drop_steps import Seen
    from kinetune.model.backup import Backup

OF_PG_DUMP = (".dump", ".sql")


def keep(seen: Seen, path: Path) -> Kept | None:
    """None where there is no table to copy, and no file of an earlier run either."""
    if path.exists():
        return _again(seen, path)
    if seen.holdings.facts.table is None:
        return None
    if path.suffix in OF_PG_DUMP:
        raise UsageFailure("not yet")
    return _made(seen, path)


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
    """The file of a run that was interrupted: only if it holds just what is there, or if the table is gone."""
    from kinetune.database.backup_file import read, refuse_taken

    try:
        found = read(path)
    except UsageFailure:
        refuse_taken(path)
        raise
    table, rows = seen.holdings.facts.table, getattr(seen.holdings.rows, "number", None)
    here = None if table is None else (table.max_id, table.last_id, rows)
    if found.manifest.database != seen.endpoint.database or (
        here is not None and here != (found.sums.max_id, found.sums.last_id, found.sums.rows)
    ):
        refuse_taken(path)
    return _kept(found, path, again=True)


def _kept(backup: Backup, path: Path, *, again: bool = False) -> Kept:
    return Kept(path, path.stat().st_size, backup.sums.rows, backup.sums.max_id, again)
