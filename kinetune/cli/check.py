"""`kinetune check`: is this Kine store safe and fast, and will it stay so? The gate in CI."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from kinetune.cli.check_case import Case, Gate, severity_of
from kinetune.cli.options import EndpointArgument, K3sConfig, K3sRelease, KineRelease, endpoint_of, era_given

FactsFile = Annotated[
    Path | None, typer.Option("--facts", metavar="FILE", help="Judge saved facts; nothing is connected to.")
]
SaveFacts = Annotated[
    Path | None, typer.Option("--save-facts", metavar="FILE", help="Keep what was seen, for --facts.")
]
Redact = Annotated[bool, typer.Option("--redact", help="Hide object keys in reports and saved facts.")]
Plans = Annotated[bool, typer.Option("--plans/--no-plans", help="Run Kine's queries under EXPLAIN, as explain does.")]
ProbeIds = Annotated[bool, typer.Option("--probe", help="Draw ids from a scratch sequence; creates and drops it.")]
Metrics = Annotated[str | None, typer.Option(metavar="URL", help="Kine's /metrics, which tells its release.")]
Select = Annotated[list[str] | None, typer.Option(metavar="RULE", help="Only these: KT103, KT1, range-sharded-ids.")]
Extend = Annotated[list[str] | None, typer.Option(metavar="RULE", help="These besides the chosen ones.")]
Ignore = Annotated[
    list[str] | None, typer.Option(metavar="RULE[:OBJECT]=REASON", help="Do not count; the reason is shown.")
]
FailOn = Annotated[
    str, typer.Option(envvar="KINETUNE_FAIL_ON", help="Exit 1 from this severity: error, warning, info or never.")
]
Strict = Annotated[
    bool, typer.Option("--strict", envvar="KINETUNE_STRICT", help="A rule that could not judge fails too.")
]
BaselineFile = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Findings known and accepted until a date.")
]
Update = Annotated[bool, typer.Option("--update-baseline", help="Write today's findings into --baseline, for 90 days.")]
Against = Annotated[Path | None, typer.Option(metavar="FILE", help="A run saved by explain --save, for KT305.")]
Show = Annotated[bool, typer.Option("--show-settings", help="Show what is in force and where it comes from, and exit.")]
FormatName = Annotated[
    str, typer.Option("--format", envvar="KINETUNE_FORMAT", metavar="FORMAT", help="text, json, sarif, junit, github …")
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option("--output", "-o", metavar="FILE", help="Also write here; the ending chooses. Repeatable."),
]


@dataclass(frozen=True)
class Told:
    """Where the verdict goes."""

    format: str
    outputs: tuple[Path, ...]
    save_facts: Path | None
    redact: bool


def check(
    endpoint: EndpointArgument = None,
    facts: FactsFile = None,
    save_facts: SaveFacts = None,
    redact: Redact = False,
    plans: Plans = True,
    probe: ProbeIds = False,
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    metrics: Metrics = None,
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
    format: FormatName = "text",
    output: Outputs = None,
) -> None:
    """
    Judge a Kine store by coded rules, live or from saved facts. Exit 1 where a finding reaches --fail-on.

    Examples:  kinetune check --save-facts facts.json  ·  kinetune check --facts facts.json -o kine.sarif
    """
    from kinetune.cli.check_settings import choice, shown
    from kinetune.cli.check_steps import Look, facts_of

    chosen = choice(select or [], extend_select or [], ignore or [])
    gate = Gate(severity_of(fail_on), strict, baseline, update_baseline)
    if show_settings:
        sys.stdout.write(shown(chosen, gate))
        return
    look = Look(plans, probe, era_given(kine, k3s), metrics)
    seen = facts_of(facts, look, lambda: endpoint_of(endpoint, k3s_config))
    told = Told(format, tuple(output or ()), save_facts, redact)
    raise typer.Exit(_judge(Case(seen, chosen, gate, str(facts or "")), against, told))


def _judge(case: Case, against: Path | None, told: Told) -> int:
    from kinetune.cli.check_gate import judged, status
    from kinetune.cli.check_report import report
    from kinetune.cli.check_steps import keep
    from kinetune.reports.table import save, write

    if told.save_facts:
        keep(case.facts, told.save_facts, redact=told.redact)
    heard = judged(case, against)
    result = report(case, heard, redact=told.redact)
    for path in told.outputs:
        save(result, path)
    write(result, told.format, sys.stdout)
    return status(heard.verdict, case.gate)
