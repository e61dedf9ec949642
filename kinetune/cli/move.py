"""`kinetune move`: any cluster's state onto PostgreSQL or YugabyteDB, with all revisions."""

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
    Profile,
    Yes,
    option,
    require_outputs,
    resolve_endpoint,
    resolve_era,
    write_outputs,
)
from kinetune.cli.source_options import BumpRevision, CaFile, CertFile, KeyFile, read_etcd_access, resolve_source
from kinetune.model.failure import Exit, UsageFailure

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        show_default=False,
        help="Store of the cluster: sqlite:PATH, postgres://…, yugabytedb://…, mysql://…, etcd://HOST:2379, "
        "etcd-snapshot:FILE or archive:FILE.",
    ),
]
LiveOnly = Annotated[
    bool, option("--live-only", help="Move only the newest row of each key, and declare everything older compacted.")
]
SkipGapRows = Annotated[bool, option("--skip-gap-rows", help="Do not copy rows that only fill gaps (gap-<id>).")]
Follow = Annotated[bool, option("--follow", help="Follow the source while it is in use, and wait until it is stopped.")]
Fence = Annotated[
    bool,
    option("--fence", help="Take the right to write to the source from Kine's roles; it stays so after the move."),
]
Unfence = Annotated[bool, option("--unfence", help="Give the rights back that --fence took, and do nothing else.")]
VerifyOnly = Annotated[bool, option("--verify-only", help="Compare the target with the source; change nothing.")]
K3sToken = Annotated[
    Path | None,
    option("--k3s-token", metavar="FILE", help="Token file of a K3s server: check that it fits the cluster's keys."),
]


def move(
    source: Source,
    endpoint: EndpointArgument = None,
    follow: Follow = False,
    fence: Fence = False,
    unfence: Unfence = False,
    verify_only: VerifyOnly = False,
    live_only: LiveOnly = False,
    bump_revision: BumpRevision = None,
    skip_gap_rows: SkipGapRows = False,
    k3s_token: K3sToken = None,
    profile: Profile = "tuned",
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    ca_file: CaFile = None,
    cert_file: CertFile = None,
    key_file: KeyFile = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Move a cluster's state onto PostgreSQL or YugabyteDB, with all revisions.

    Reads the whole source first and shows what will be moved; asks for confirmation; copies the rows into a new table
    with the schema of `kinetune init`; compares every row; only then gives the table the name kine. The source is only
    read and stays as it is, unless --fence is given. An interrupted run can be repeated: it continues. The report says
    how to start Kubernetes on the target, and how to go back. The report as JSON (-o move.json) is the certificate of
    the move.

    \b
    Examples:
      kinetune move --dry-run sqlite:/var/lib/rancher/k3s/server/db/state.db postgres://kine@db/kubernetes
      kinetune move --follow mysql://kine:secret@tcp(db:3306)/kine postgres://kine@yb1:5433/kubernetes
      kinetune move --bump-revision 1000000 etcd-snapshot:etcd.snap postgres://kine@db/kubernetes
    """
    from functools import partial

    from kinetune.cli.change import RunOptions, show_and_apply
    from kinetune.cli.progress import StderrObserver
    from kinetune.commands.move import MoveChange, MoveRequest, lift_source_fence, plan_move, verify_move
    from kinetune.tuning.move_obstacles import MoveOptions
    from kinetune.views.move import build_check_report, build_plan_report, build_result_report, build_unfence_report

    require_outputs(format, output)
    if skip_gap_rows and (live_only or bump_revision):
        raise UsageFailure("--skip-gap-rows has no effect with only live rows", "remove it")
    if fence and not follow:
        raise UsageFailure("--fence is for a source that is in use", "add --follow")
    if unfence + verify_only + follow + dry_run > 1 and (unfence or verify_only):
        raise UsageFailure(f"{'--unfence' if unfence else '--verify-only'} moves nothing", "give it alone")
    options = MoveOptions(live_only, bump_revision, skip_gap_rows, follow, fence, _read_token(k3s_token))
    address = resolve_source(source, None, read_etcd_access(ca_file, cert_file, key_file))
    request, observer = MoveRequest(address, options, profile, resolve_era(kine, k3s)), StderrObserver()
    if unfence:
        write_outputs(build_unfence_report(lift_source_fence(address)), format, output)
        return
    if verify_only:
        check = verify_move(resolve_endpoint(endpoint, k3s_config), request, observer)
        write_outputs(build_check_report(check), format, output)
        if check.comparison.mismatch:
            raise typer.Exit(Exit.FINDINGS)
        return
    plan = plan_move(partial(resolve_endpoint, endpoint, k3s_config), request, observer)
    run = RunOptions(dry_run, "yes" if yes else None, format, output)
    change = MoveChange(plan, request, observer)
    show_and_apply(change, build_plan_report(plan), partial(build_result_report, plan, change.outcome), run)


def _read_token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageFailure(f"cannot read {file}: {why}", "name the token file of a K3s server") from None
