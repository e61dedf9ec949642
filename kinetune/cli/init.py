"""`kinetune init`: show a plan, ask, apply, verify."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from kinetune.cli.options import (
    TSERVERS,
    EndpointArgument,
    Format,
    K3sConfig,
    K3sRelease,
    KineRelease,
    Output,
    endpoint_of,
    era_given,
    hazards,
    option,
    refuse_unready,
)
from kinetune.model.failure import UsageFailure
from kinetune.model.script import OF_INIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kinetune.commands.init import Wish
    from kinetune.kine.releases import EraInUse
    from kinetune.model.endpoint import Endpoint


@dataclass(frozen=True)
class Manner:
    """How the command acts and where it writes."""

    dry_run: bool
    yes: bool
    format: str
    output: Path | None


Profile = Annotated[
    str, option("--profile", metavar="NAME", help="tuned, article (as published), or stock (Kine's own).")
]
DryRun = Annotated[bool, option("--dry-run", "--plan-only", "-n", help="Show the plan; the server forbids any change.")]
PrintSql = Annotated[bool, option("--print", help="Only the SQL, on stdout; nothing is changed.")]
ServerName = Annotated[
    str | None,
    option("--server", metavar="NAME", help="With --print: for an empty postgresql-16 or yugabytedb-2024.2."),
]
Revert = Annotated[bool, option("--revert", help="Go back to Kine's own schema: --profile stock.")]
Allow = Annotated[list[str] | None, option("--allow", metavar="HAZARD", help="Allow a hazard that the plan names.")]
Leave = Annotated[list[str] | None, option("--leave", metavar="HAZARD", help="Leave the steps of a hazard out.")]
Experimental = Annotated[
    bool, option("--experimental", help="Only print what may help lists, unproved, with the call that would prove it.")
]
RebuildIt = Annotated[bool, option("--rebuild", help="Build the table anew even where nothing asks for it.")]
DropGaps = Annotated[bool, option("--drop-gaps", help="A rebuild leaves out rows that only fill gaps (gap-<id>).")]
Unplanted = Annotated[
    bool,
    option("--no-plant-statistics", help="Leave a new table on YugabyteDB without statistics until it is analysed."),
]
Finish = Annotated[bool, option("--finish", help="Drop kine_before_init, which a rebuild has put aside.")]
Yes = Annotated[bool, option("--yes", "-y", help="Do not ask.")]
Tservers = Annotated[int, option("--tserver-http", metavar="PORT", help=TSERVERS)]


def init(
    endpoint: EndpointArgument = None,
    profile: Profile = "tuned",
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    dry_run: DryRun = False,
    print_sql: PrintSql = False,
    server: ServerName = None,
    revert: Revert = False,
    allow: Allow = None,
    leave: Leave = None,
    rebuild: RebuildIt = False,
    drop_gaps: DropGaps = False,
    no_plant_statistics: Unplanted = False,
    finish: Finish = False,
    yes: Yes = False,
    experimental: Experimental = False,
    tserver_http: Tservers = 9000,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Prepare a database for Kine, new or in use.

    Shows each step with its reason, lock and undo, asks, applies and verifies. Kine may keep running unless a step says
    otherwise. Interrupted or killed, it can be run again: it goes on from what is there.

    \b
    Examples:
      kinetune init --dry-run postgres://kine@db/kubernetes
      kinetune init --yes --kine v0.17.5
      kinetune init --allow REBUILD      (a store sharded by hash; Kine stopped)
      kinetune init --print --server yugabytedb-2024.2 > schema.sql
    """
    from kinetune.commands.init import Wish

    refuse_unready(format, output)
    if experimental:
        _print_experiments(server, era_given(kine, k3s), lambda: endpoint_of(endpoint, k3s_config))
        return
    if finish and (rebuild or drop_gaps or revert):
        raise UsageFailure("--finish only drops kine_before_init", "run init first, then init --finish")
    allowed, left, wanted = hazards(allow, OF_INIT), hazards(leave, OF_INIT), "stock" if revert else profile
    wish = Wish(
        wanted,
        era_given(kine, k3s),
        allowed,
        left,
        tserver_http,
        rebuild=rebuild,
        drop_gaps=drop_gaps,
        finish=finish,
        plant=not no_plant_statistics,
    )
    if print_sql:
        if output:
            raise UsageFailure("--print writes SQL to stdout and no report", "leave --output out: --print > FILE")
        _print(server, wish, lambda: endpoint_of(endpoint, k3s_config))
        return
    if server:
        raise UsageFailure("--server needs --print", "add --print, or leave --server out to use the endpoint")
    place = endpoint_of(endpoint, k3s_config)
    _show_and_apply(place, wish, Manner(dry_run, yes, format, output))


def _show_and_apply(place: Endpoint, wish: Wish, manner: Manner) -> None:
    from kinetune.commands.init import carry_out, look
    from kinetune.reports.table import save, write
    from kinetune.views.init import applied, planned

    seen = look(place, wish)
    report = planned(seen)
    acts = bool(seen.script) and not manner.dry_run
    if manner.format == "text" or not acts:
        write(report, manner.format, sys.stdout)
    if acts:
        sys.stdout.flush()
        outcome = applied(report, carry_out(place, seen, wish, yes=manner.yes))
        sys.stdout.write("\n" if manner.format == "text" else "")
        write(outcome.tail if manner.format == "text" else outcome.whole, manner.format, sys.stdout)
        report = outcome.whole
    if manner.output:
        save(report, manner.output)


def _print(server: str | None, wish: Wish, place: Callable[[], Endpoint]) -> None:
    from kinetune.commands.init import look, offline
    from kinetune.views.init import written

    sys.stdout.write(written(offline(server, wish) if server else look(place(), wish).script))


def _print_experiments(server: str | None, kine: EraInUse | None, place: Callable[[], Endpoint]) -> None:
    from kinetune.cli.init_experimental import experimental

    sys.stdout.write(experimental(server, kine, place))
