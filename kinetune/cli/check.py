"""`kinetune check`: rules on a store, on saved facts or on configuration files. The gate in CI."""

from __future__ import annotations

import os
from functools import partial

import typer

from kinetune.cli import check_options as own
from kinetune.cli.options import (
    CHECK_FORMATS,
    EndpointArgument,
    K3sConfig,
    K3sRelease,
    KineRelease,
    TserverPort,
    is_on_command_line,
    print_note,
    require_outputs,
    resolve_endpoint,
    resolve_era,
    save_json,
    write_outputs,
)


def check(
    context: typer.Context,
    endpoint: EndpointArgument = None,
    facts: own.FactsFile = None,
    save_facts: own.SaveFacts = None,
    redact: own.Redact = False,
    plans: own.Plans = True,
    probe: own.Probe = False,
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    metrics: own.Metrics = None,
    tserver_http: TserverPort = 9000,
    select: own.Select = None,
    extend_select: own.Extend = None,
    ignore: own.Ignore = None,
    fail_on: own.FailOn = "warning",
    strict: own.Strict = False,
    baseline: own.BaselineFile = None,
    update_baseline: own.Update = False,
    against: own.Against = None,
    show_settings: own.Show = False,
    k3s_config: K3sConfig = None,
    kine_unit: own.KineUnit = None,
    helm_values: own.HelmValues = None,
    compose: own.Compose = None,
    yugabyted: own.Yugabyted = None,
    config_dir: own.ConfigDir = None,
    offline: own.Offline = False,
    format: own.FormatName = "text",
    output: own.Outputs = None,
) -> None:
    """
    Check a Kine store, saved facts or configuration files against rules. Exit 1 if a finding reaches --fail-on.

    \b
    Examples:
      kinetune check --fail-on error
      kinetune check --save-facts facts.json
      kinetune check --facts facts.json -o kine.sarif
      kinetune check --offline --config-dir deploy/
    """
    from kinetune.cli.settings import find_settings
    from kinetune.commands.check import CheckOptions, require_results, run_check
    from kinetune.commands.check_files import ConfigFiles, is_store_named, refuse_connection
    from kinetune.commands.check_selection import parse_severity, read_check_settings
    from kinetune.views.check import check_report, describe_settings

    settings = read_check_settings(find_settings(), (select or [], extend_select or [], ignore or []), print_note)
    if show_settings:
        more = {"configuration": settings.file, "baseline": baseline, "fail-on": fail_on, "strict": str(strict).lower()}
        typer.echo(describe_settings(settings.selection, settings.limits, more))
        return
    require_outputs(format, output, save_facts, baseline if update_baseline else None, own=CHECK_FORMATS)
    # A variable or the settings file only names the store: a pipeline that sets it did not ask to check that file.
    k3s_files = [k3s_config] if k3s_config and (offline or is_on_command_line(context, "k3s_config")) else None
    files = ConfigFiles(k3s_files, kine_unit, helm_values, compose, yugabyted, config_dir)
    is_offline = bool(facts) or offline or (bool(files) and not is_store_named(endpoint, k3s_config, os.environ))
    if is_offline:
        refuse_connection(facts, {"ENDPOINT": endpoint, "--probe": probe, "--metrics": metrics})
    options = CheckOptions(
        facts=facts,
        save_facts=save_facts,
        redact=redact,
        files=files,
        era=resolve_era(kine, k3s),
        plans=plans,
        probe=probe,
        metrics=metrics,
        tserver_http=tserver_http,
        fail_on=parse_severity(fail_on),
        strict=strict,
        baseline=baseline,
        update_baseline=update_baseline,
        against=against,
        # Called when all files have been read: it may start an embedded server.
        find_endpoint=None if is_offline else partial(resolve_endpoint, endpoint, k3s_config),
    )
    result = run_check(options, settings, save_json)
    write_outputs(check_report(result), format, output)
    raise typer.Exit(require_results(result))
