"""`kinetune explain`: what each of Kine's queries costs, and why."""

from __future__ import annotations

import sys

from kinetune.cli import explain_options
from kinetune.cli.options import (
    EndpointArgument,
    Format,
    K3sConfig,
    K3sRelease,
    KineRelease,
    Output,
    require_outputs,
    resolve_endpoint,
    resolve_era,
)


def explain(
    endpoint: EndpointArgument = None,
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    plan: explain_options.PlanFile = None,
    query: explain_options.Query = None,
    arg: explain_options.Argument = None,
    runs: explain_options.Runs = 3,
    timeout: explain_options.Timeout = "30s",
    writes: explain_options.Writes = False,
    rows: explain_options.Rows = None,
    tree: explain_options.Tree = False,
    save: explain_options.Save = None,
    against: explain_options.Against = None,
    set_: explain_options.Setting = None,
    compare_profiles: explain_options.Profiles = None,
    tolerance: explain_options.Tolerance = 0.25,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Show what Kine's queries cost on this store, and why.

    Runs EXPLAIN ANALYZE with arguments taken from the store; reads run in READ ONLY transactions. The slowest call is
    first; every number is the median of warm runs. With --plan, explains a plan that was pasted into a file.

    \b
    Examples:
      kinetune explain
      kinetune explain --query list-page --tree
      kinetune explain -o report.html
      kinetune explain --save before.json
      kinetune explain --against before.json
      kinetune explain --set work_mem=64MB
      kinetune explain --compare-profiles article,tuned
      kinetune explain --plan plan.txt
    """
    from kinetune.cli.explain_reports import explain_endpoint, explain_pasted_plans
    from kinetune.commands.explain import ExplainOptions
    from kinetune.formatting import parse_duration
    from kinetune.plans.saved import load_run
    from kinetune.reports.formats import save_report, write_report

    require_outputs(format, output, save)
    comparisons = {"--compare-profiles": compare_profiles, "--set": set_, "--against": against, "--save": save}
    of_store = {"ENDPOINT": endpoint, "--query": query, "--arg": arg, "--writes": writes, "--rows": rows}
    explain_options.refuse_combinations({"--plan": plan, **comparisons, **of_store})
    options = ExplainOptions(
        era=resolve_era(kine, k3s),
        query=query,
        arguments=explain_options.parse_arguments(arg),
        runs=runs,
        timeout=parse_duration(timeout, "--timeout", 0.001),
        copy_rows=explain_options.copy_rows(rows, writes=writes, profiles=compare_profiles),
        settings=explain_options.parse_settings(set_),
        profiles=explain_options.parse_profiles(compare_profiles),
        before=load_run(against) if against else None,
        tolerance=tolerance,
    )
    if plan:
        report, failure = explain_pasted_plans(plan, options, tree=tree), None
    else:
        report, failure = explain_endpoint(resolve_endpoint(endpoint, k3s_config), options, save, tree=tree)
    write_report(report, format, sys.stdout)
    if output:
        save_report(report, output)
    if failure:
        raise failure
