"""`kinetune init`: prepare a database for Kine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kinetune.cli.options import (
    EndpointArgument,
    Format,
    K3sConfig,
    K3sRelease,
    KineRelease,
    Output,
    Profile,
    TserverPort,
    Yes,
    hazards_option,
    is_on_command_line,
    option,
    parse_hazards,
    print_note,
    require_outputs,
    resolve_endpoint,
    resolve_era,
)
from kinetune.model.failure import UsageFailure
from kinetune.model.script import INIT_HAZARDS

DryRun = Annotated[bool, option("--dry-run", "--plan-only", "-n", help="Show the plan in a read-only session.")]
PrintSql = Annotated[bool, option("--print", help="Write only the SQL of the plan to stdout; change nothing.")]
ServerName = Annotated[
    str | None,
    option(
        "--server", metavar="NAME", help="Server release for the SQL of --print: postgresql-16 or yugabytedb-2024.2."
    ),
]
Revert = Annotated[bool, option("--revert", help="Restore the schema that Kine creates: --profile stock.")]
Allow = Annotated[list[str] | None, hazards_option("--allow", INIT_HAZARDS)]
Skip = Annotated[list[str] | None, hazards_option("--skip", INIT_HAZARDS)]
Rebuild = Annotated[bool, option("--rebuild", help="Rebuild the table even if it is not required.")]
SkipGapRows = Annotated[bool, option("--skip-gap-rows", help="Do not copy rows that only fill gaps (gap-<id>).")]
NoPlantStatistics = Annotated[
    bool, option("--no-plant-statistics", help="Create a table on YugabyteDB without initial statistics.")
]
DropOldTable = Annotated[bool, option("--drop-old-table", help="Drop kine_before_init, the table before a rebuild.")]


def init(
    context: typer.Context,
    endpoint: EndpointArgument = None,
    profile: Profile = "tuned",
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    dry_run: DryRun = False,
    print_sql: PrintSql = False,
    server: ServerName = None,
    revert: Revert = False,
    allow: Allow = None,
    skip: Skip = None,
    rebuild: Rebuild = False,
    skip_gap_rows: SkipGapRows = False,
    no_plant_statistics: NoPlantStatistics = False,
    drop_old_table: DropOldTable = False,
    yes: Yes = False,
    tserver_http: TserverPort = 9000,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Prepare a new or existing database for Kine.

    Shows each step with its reason, locks and undo statement, asks for confirmation, applies the steps and verifies
    them. Kine may keep running unless a step requires otherwise. An interrupted run can be repeated: it continues.

    \b
    Examples:
      kinetune init --dry-run postgres://kine@db/kubernetes
      kinetune init --yes --kine v0.17.5
      kinetune init --allow REBUILD      (hash-sharded ids; stop Kine first)
      kinetune init --print --server yugabytedb-2024.2 > schema.sql
    """
    from functools import partial

    from kinetune.cli.change import RunOptions, show_and_apply
    from kinetune.commands.init import InitChange, InitOptions, plan_empty, plan_init
    from kinetune.views.init import build_plan_report, build_result_report, format_script_file

    require_outputs(format, output)
    if drop_old_table and (rebuild or skip_gap_rows or revert):
        raise UsageFailure("--drop-old-table only drops kine_before_init", "run init without it first")
    if print_sql and output:
        raise UsageFailure("--print writes SQL to stdout, not a report", "replace --output FILE by > FILE")
    if server and not print_sql:
        raise UsageFailure("--server needs --print", "add --print, or omit --server to use the endpoint")
    if server and endpoint:
        raise UsageFailure("--server uses no connection", "remove --server or the endpoint")
    if revert and profile != "stock" and is_on_command_line(context, "profile"):
        raise UsageFailure(f"--revert means --profile stock, not {profile}", "remove one of them")
    allowed, skipped = parse_hazards(allow, INIT_HAZARDS), parse_hazards(skip, INIT_HAZARDS)
    if both := allowed & skipped:
        raise UsageFailure(f"--allow and --skip both name {', '.join(sorted(both))}", "remove one of them")
    options = InitOptions(
        profile="stock" if revert else profile,
        era=resolve_era(kine, k3s),
        allow=allowed,
        skip=skipped,
        tserver_port=tserver_http,
        rebuild=rebuild,
        skip_gap_rows=skip_gap_rows,
        drop_old_table=drop_old_table,
        plant_statistics=not no_plant_statistics,
    )
    if server:
        sys.stdout.write(format_script_file(plan_empty(server, options, print_note)))
        return
    plan = plan_init(resolve_endpoint(endpoint, k3s_config), options)
    if print_sql:
        sys.stdout.write(format_script_file(plan.script))
        return
    from kinetune.cli.progress import StderrObserver  # loads rich, which --print works without

    run = RunOptions(dry_run, "yes" if yes else None, format, output)
    complete = partial(build_result_report, plan)
    show_and_apply(InitChange(plan, options, StderrObserver()), build_plan_report(plan), complete, run)
