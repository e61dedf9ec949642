"""`kinetune restore`: put back what `kinetune drop --backup` has kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kinetune.cli.options import (
    DryRun,
    EndpointArgument,
    Format,
    K3sConfig,
    Output,
    Yes,
    require_outputs,
    resolve_endpoint,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="Backup written by kinetune drop --backup.")]


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
    Restore a backup of `kinetune drop --backup` into a database that has no table kine.

    Ids, revisions, indexes and the sequence are restored as they were, and no revision is assigned twice. All rows are
    read back and compared before the table is named kine. An interrupted run can be repeated: it starts again.

    \b
    Examples:
      kinetune restore --dry-run kubernetes.kinetune postgres://kine@db/kubernetes
      kinetune restore --yes kubernetes.kinetune
    """
    from functools import partial

    from kinetune.cli.change import RunOptions, show_and_apply
    from kinetune.cli.progress import StderrObserver
    from kinetune.commands.restore import RestoreChange, RestoreOptions, plan_restore
    from kinetune.views.restore import build_plan_report, build_result_report

    require_outputs(format, output)
    options, observer = RestoreOptions(file), StderrObserver()
    plan = plan_restore(partial(resolve_endpoint, endpoint, k3s_config), options, observer)
    run = RunOptions(dry_run, "yes" if yes else None, format, output)
    complete = partial(build_result_report, plan)
    show_and_apply(RestoreChange(plan, options, observer), build_plan_report(plan), complete, run)
