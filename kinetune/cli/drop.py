"""`kinetune drop`: remove Kine's table and what kinetune created."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from kinetune.cli.options import (
    DryRun,
    EndpointArgument,
    Format,
    K3sConfig,
    Output,
    hazards_option,
    option,
    parse_hazards,
    require_outputs,
    resolve_endpoint,
)
from kinetune.formatting import parse_duration
from kinetune.model.script import DROP_HAZARDS

Database = Annotated[bool, option("--database", help="Drop the whole database with everything in it.")]
BackupFile = Annotated[
    Path | None,
    option("--backup", metavar="FILE", help="First write a copy for kinetune restore; .dump and .sql run pg_dump."),
]
ConfirmName = Annotated[
    str | None, option("--confirm", metavar="DATABASE", help="Confirm with the name of the database instead of asking.")
]
Allow = Annotated[list[str] | None, hazards_option("--allow", DROP_HAZARDS)]
Observe = Annotated[str, option("--observe", metavar="TIME", help="How long to look for writes before dropping.")]


def drop(
    endpoint: EndpointArgument = None,
    database: Database = False,
    backup: BackupFile = None,
    confirm: ConfirmName = None,
    allow: Allow = None,
    observe: Observe = "10s",
    dry_run: DryRun = False,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Drop Kine's table and everything that kinetune created, and nothing else.

    Shows what would be dropped and asks for the name of the database. Refuses while a Kine is connected, while rows are
    written, and where the newest revision is less than a minute old, unless the hazard is allowed. An interrupted run
    can be repeated: it continues.

    \b
    Examples:
      kinetune drop --dry-run postgres://kine@db/kubernetes
      kinetune drop --backup kubernetes.kinetune
      kinetune drop --database --confirm kubernetes
    """
    from kinetune.cli.change import RunOptions, show_and_apply
    from kinetune.cli.progress import StderrObserver
    from kinetune.commands.drop import DropChange, DropOptions, plan_drop
    from kinetune.commands.drop_backup import check_backup_file
    from kinetune.views.drop import build_plan_report, build_result_report

    require_outputs(format, output, backup)
    if backup:
        check_backup_file(backup)
    seconds = parse_duration(observe, "--observe", least=0.1)
    options = DropOptions(database, backup, parse_hazards(allow, DROP_HAZARDS), seconds)
    observer = StderrObserver()
    plan = plan_drop(resolve_endpoint(endpoint, k3s_config), options, observer)
    run = RunOptions(dry_run, confirm, format, output)
    show_and_apply(DropChange(plan, options, observer), build_plan_report(plan), build_result_report, run)
