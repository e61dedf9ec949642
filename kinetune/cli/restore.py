"""`kinetune restore`: read a copy, show where it would land, ask, put it back, look again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinetune.cli.options import EndpointArgument, Format, K3sConfig, Output, endpoint_of, option, refuse_unready

if TYPE_CHECKING:
    from kinetune.model.backup import Backup
    from kinetune.model.endpoint import Endpoint

File = Annotated[Path, typer.Argument(metavar="FILE", help="A copy that kinetune drop --backup has written.")]
Yes = Annotated[bool, option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, option("--dry-run", "-n", help="Show what would be done; the server forbids any change.")]


def restore(
    file: File,
    endpoint: EndpointArgument = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Put back what `kinetune drop --backup` has kept, into a database without a table kine.

    Ids, revisions, indexes and the sequence come back as they were, and no revision is ever given a second time. All
    rows are read back and compared before the table gets its name. Interrupted, it can be run again.

    \b
    Examples:
      kinetune restore --dry-run kubernetes.kinetune postgres://kine@db/kubernetes
      kinetune restore --yes kubernetes.kinetune
    """
    from kinetune.commands.restore import read

    refuse_unready(format, output)
    kept = read(file)
    _show_and_restore(file, kept, endpoint_of(endpoint, k3s_config), (dry_run, yes, format, output))


def _show_and_restore(file: Path, kept: Backup, place: Endpoint, how: tuple[bool, bool, str, Path | None]) -> None:
    from kinetune.commands.restore import carry_out, look
    from kinetune.reports.table import save, write
    from kinetune.views.restore import planned, restored

    dry_run, yes, format, output = how
    seen = look(place, file, kept)
    report = planned(seen)
    if format == "text" or dry_run:
        write(report, format, sys.stdout)
    if not dry_run:
        sys.stdout.flush()
        outcome = restored(report, seen, carry_out(seen, yes=yes))
        sys.stdout.write("\n" if format == "text" else "")
        write(outcome.tail if format == "text" else outcome.whole, format, sys.stdout)
        report = outcome.whole
    if output:
        save(report, output)
