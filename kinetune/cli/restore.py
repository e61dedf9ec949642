"""`kinetune restore`: put back what `kinetune backup` or `kinetune drop --backup` has kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kinetune.cli.options import (
    DryRun,
    EndpointArgument,
    Format,
    K3sConfig,
    K3sRelease,
    KineRelease,
    Output,
    Yes,
    option,
    require_outputs,
    resolve_endpoint,
    resolve_era,
)
from kinetune.cli.source_options import BumpRevision

File = Annotated[Path, typer.Argument(metavar="FILE", help="Copy of kinetune backup or kinetune drop --backup.")]
Profile = Annotated[
    str | None,
    option(
        "--profile",
        metavar="NAME",
        show_default=False,
        help="Schema: tuned, article or stock. Default: as in the copy, or tuned if it is not from a database.",
    ),
]


def restore(
    file: File,
    endpoint: EndpointArgument = None,
    bump_revision: BumpRevision = None,
    profile: Profile = None,
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Restore a copy of `kinetune backup` or `kinetune drop --backup` as the table kine.

    The database has no table kine, or an empty one, which is replaced. Ids and revisions are restored as they were, and
    no revision is assigned twice. All rows are compared with the copy before the table is named kine. An interrupted
    run can be repeated: it continues.

    \b
    Examples:
      kinetune restore --dry-run kubernetes.kinetune postgres://kine@db/kubernetes
      kinetune restore --yes kubernetes.kinetune
      kinetune restore --bump-revision 1000000 --kine v0.17.5 etcd.kinetune
    """
    from functools import partial

    from kinetune.cli.change import RunOptions, show_and_apply
    from kinetune.cli.progress import StderrObserver
    from kinetune.commands.restore import RestoreChange, RestoreOptions, plan_restore
    from kinetune.views.restore import build_plan_report, build_result_report

    require_outputs(format, output)
    options, observer = RestoreOptions(file, bump_revision or 0, profile, resolve_era(kine, k3s)), StderrObserver()
    plan = plan_restore(partial(resolve_endpoint, endpoint, k3s_config), options, observer)
    run = RunOptions(dry_run, "yes" if yes else None, format, output)
    complete = partial(build_result_report, plan)
    show_and_apply(RestoreChange(plan, options, observer), build_plan_report(plan), complete, run)
