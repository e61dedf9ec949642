"""`kinetune check`: is this Kine store safe and fast, and will it stay so? The gate in CI."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinetune.cli.options import (
    TSERVERS,
    EndpointArgument,
    K3sConfig,
    K3sRelease,
    KineRelease,
    endpoint_of,
    era_given,
    option,
)

if TYPE_CHECKING:
    from kinetune.commands.check_case import Case, Told
    from kinetune.model.workload import Explained

FactsFile = Annotated[
    Path | None, option("--facts", metavar="FILE", help="Judge saved facts; nothing is connected to.")
]
SaveFacts = Annotated[Path | None, option("--save-facts", metavar="FILE", help="Keep what was seen, for --facts.")]
Redact = Annotated[bool, option("--redact", help="Hide object keys in reports and saved facts.")]
Plans = Annotated[bool, option("--plans/--no-plans", help="Run Kine's queries under EXPLAIN, as explain does.")]
KineUnit = Annotated[
    list[Path] | None,
    option("--kine-unit", metavar="FILE", help="Read a systemd unit of Kine or K3s."),
]
HelmValues = Annotated[
    list[Path] | None, option("--helm-values", metavar="FILE", help="Read values of YugabyteDB's Helm chart.")
]
Compose = Annotated[list[Path] | None, option("--compose", metavar="FILE", help="Read a docker-compose.yml.")]
Yugabyted = Annotated[
    list[str] | None, option("--yugabyted", metavar="FILE", help="Read a script, or a command line, of yugabyted.")
]
ConfigDir = Annotated[
    list[Path] | None, option("--config-dir", metavar="DIR", help="Read every file below that is one of these.")
]
Offline = Annotated[
    bool, option("--offline", help="Judge files alone, --k3s-config's too; the default where no endpoint is named.")
]
ProbeIds = Annotated[bool, option("--probe", help="Draw ids from a scratch sequence; creates and drops it.")]
Metrics = Annotated[
    str | None, option("--metrics", metavar="URL", help="Kine's /metrics or a file of it, which tells its release.")
]
Tservers = Annotated[int, option("--tserver-http", metavar="PORT", help=TSERVERS)]
Select = Annotated[
    list[str] | None, option("--select", metavar="RULE", help="Only these: KT103, KT1, range-sharded-ids.")
]
Extend = Annotated[list[str] | None, option("--extend-select", metavar="RULE", help="These besides the chosen ones.")]
# A variable would be split at the spaces of its reasons: they stand in the configuration.
Ignore = Annotated[
    list[str] | None, typer.Option(metavar="RULE[:OBJECT]=REASON", help="Do not count; the reason is shown.")
]
FailOn = Annotated[str, option("--fail-on", help="Exit 1 from this severity: error, warning, info or never.")]
Strict = Annotated[bool, option("--strict", help="A rule that could not judge fails too, unless it is ignored.")]
BaselineFile = Annotated[
    Path | None, option("--baseline", metavar="FILE", help="Findings known and accepted until a date.")
]
Update = Annotated[bool, option("--update-baseline", help="Write today's findings into --baseline, for 90 days.")]
Against = Annotated[Path | None, option("--against", metavar="FILE", help="A run saved by explain --save, for KT305.")]
Show = Annotated[bool, option("--show-settings", help="Show what is in force and where it comes from, and exit.")]
FormatName = Annotated[str, option("--format", metavar="FORMAT", help="text, json, sarif, junit, github …")]
Outputs = Annotated[
    list[Path] | None,
    option("--output", "-o", metavar="FILE", help="Also write here; the ending chooses. Repeatable."),
]


def check(
    context: typer.Context,
    endpoint: EndpointArgument = None,
    facts: FactsFile = None,
    save_facts: SaveFacts = None,
    redact: Redact = False,
    plans: Plans = True,
    probe: ProbeIds = False,
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    metrics: Metrics = None,
    tserver_http: Tservers = 9000,
    select: Select = None,
    extend_select: Extend = None,
    ignore: Ignore = None,
    fail_on: FailOn = "warning",
    strict: Strict = False,
    baseline: BaselineFile = None,
    update_baseline: Update = False,
    against: Against = None,
    show_settings: Show = False,
    k3s_config: K3sConfig = None,
    kine_unit: KineUnit = None,
    helm_values: HelmValues = None,
    compose: Compose = None,
    yugabyted: Yugabyted = None,
    config_dir: ConfigDir = None,
    offline: Offline = False,
    format: FormatName = "text",
    output: Outputs = None,
) -> None:
    """
    Judge a Kine store by coded rules, live or from saved facts, and the files that set it up. Exit 1 where a finding
    reaches --fail-on.

    \b
    Examples:
      kinetune check --fail-on error
      kinetune check --save-facts facts.json
      kinetune check --facts facts.json -o kine.sarif
      kinetune check --offline --config-dir deploy/
    """
    from kinetune.commands.check import Look, facts_of, said
    from kinetune.commands.check_case import Case, Gate, Told, severity_of
    from kinetune.commands.check_files import Named, alone, beside, configuration_of, names_store
    from kinetune.commands.check_ready import refuse_idle, refuse_unready
    from kinetune.commands.check_settings import choice, shown
    from kinetune.commands.explain import load as load_run

    chosen = choice(select or [], extend_select or [], ignore or [])
    gate = Gate(severity_of(fail_on), strict, baseline, update_baseline)
    if show_settings:
        sys.stdout.write(shown(chosen, gate))
        return
    told = Told(format, tuple(output or ()), save_facts)
    refuse_unready(told, gate)
    typed = context.get_parameter_source("k3s_config")
    named = Named(
        k3s=(k3s_config,) if k3s_config and typed and (offline or typed.name == "COMMANDLINE") else (),
        units=tuple(kine_unit or ()),
        helm=tuple(helm_values or ()),
        compose=tuple(compose or ()),
        yugabyted=tuple(yugabyted or ()),
        folders=tuple(config_dir or ()),
    )
    files_alone = not facts and (offline or (named != Named() and not names_store(endpoint, k3s_config, os.environ)))
    refuse_idle(facts, files_alone, {"an ENDPOINT": endpoint, "--probe": probe, "--metrics": metrics})
    before = load_run(against) if against else None
    look = Look(plans, probe, era_given(kine, k3s), metrics, tserver_http)
    configuration = configuration_of(named)
    if files_alone:
        seen = alone(configuration, said(look.era) if look.era else None)
    else:
        seen = beside(facts_of(facts, look, lambda: endpoint_of(endpoint, k3s_config)), configuration)
    if redact:  # before the rules: what they do not know, no report can show
        from kinetune.kine.redact import redacted

        seen = redacted(seen)
    raise typer.Exit(_judge(Case(seen, chosen, gate, str(facts or "")), before, told))


def _judge(case: Case, before: Explained | None, told: Told) -> int:
    from kinetune.commands.check import keep
    from kinetune.commands.check_gate import judged, status
    from kinetune.reports.table import save, write
    from kinetune.views.check import report

    if told.save_facts:
        keep(case.facts, told.save_facts)
    heard = judged(case, before)
    result = report(case, heard)
    for path in told.outputs:
        save(result, path)
    write(result, told.format, sys.stdout)
    return status(heard.verdict, case)
