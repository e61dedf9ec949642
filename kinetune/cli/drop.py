"""`kinetune drop`: show what would go, have its name typed, keep a copy, take it away, look again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kinetune.cli.options import (
    EndpointArgument,
    Format,
    K3sConfig,
    Output,
    endpoint_of,
    hazards,
    option,
    refuse_unready,
)
from kinetune.model.script import OF_DROP

if TYPE_CHECKING:
    from kinetune.commands.drop import Wish
    from kinetune.model.endpoint import Endpoint

Database = Annotated[bool, option("--database", help="The whole database, not only what is Kine's and kinetune's.")]
BackupFile = Annotated[
    Path | None,
    option("--backup", metavar="FILE", help="Keep a copy first, for kinetune restore; .dump and .sql are pg_dump's."),
]
Confirm = Annotated[
    str | None, option("--confirm", metavar="DATABASE", help="The database's name, where nobody can type it.")
]
Allow = Annotated[
    list[str] | None, option("--allow", metavar="HAZARD", help=f"Go on in spite of one of: {', '.join(OF_DROP)}.")
]
Watch = Annotated[float, option("--watch", metavar="SECONDS", min=0.1, help="How long to look whether anybody writes.")]
DryRun = Annotated[bool, option("--dry-run", "-n", help="Show what would go; the server forbids any change.")]


def drop(
    endpoint: EndpointArgument = None,
    database: Database = False,
    backup: BackupFile = None,
    confirm: Confirm = None,
    allow: Allow = None,
    watch: Watch = 10.0,
    dry_run: DryRun = False,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Remove Kine's table, what belongs to it and what kinetune made; nothing else.

    Shows what would go and asks for the database's name. Refuses while a Kine is connected, while somebody writes, or
    where the newest revision is less than a minute old, unless that is allowed by name. Can be run again at any time.

    \b
    Examples:
      kinetune drop --dry-run postgres://kine@db/kubernetes
      kinetune drop --backup kubernetes.kinetune
      kinetune drop --database --confirm kubernetes
    """
    from kinetune.commands.drop import Wish, refuse_unready_backup

    refuse_unready(format, output)
    refuse_unready_backup(backup)
    wish = Wish(database, backup, hazards(allow, OF_DROP), confirm, watch)
    _show_and_drop(endpoint_of(endpoint, k3s_config), wish, dry_run, (format, output))


def _show_and_drop(place: Endpoint, wish: Wish, dry_run: bool, where: tuple[str, Path | None]) -> None:
    from kinetune.commands.drop import carry_out, look
    from kinetune.reports.table import save, write
    from kinetune.views.drop import dropped, planned

    format, output = where
    seen = look(place, wish)
    report = planned(seen, wish)
    acts = bool(seen.script) and not dry_run
    if format == "text" or not acts:
        write(report, format, sys.stdout)
    if acts:
        sys.stdout.flush()
        outcome = dropped(report, carry_out(seen, wish))
        sys.stdout.write("\n" if format == "text" else "")
        write(outcome.tail if format == "text" else outcome.whole, format, sys.stdout)
        report = outcome.whole
    if output:
        save(report, output)
