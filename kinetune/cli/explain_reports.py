"""From the options of `kinetune explain` to its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinetune.commands.explain import ExplainOptions
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.failure import Failure
    from kinetune.model.report import Report


def explain_pasted_plans(plan: Path, options: ExplainOptions, *, tree: bool) -> Report:
    from kinetune.commands.explain_plans import explain_plans
    from kinetune.views.explain_plans import plans_report

    return plans_report(explain_plans(plan, options.era), tree=tree)


def explain_endpoint(
    place: Endpoint, options: ExplainOptions, save: Path | None, *, tree: bool
) -> tuple[Report, Failure | None]:
    """The report, and the failure to end with once it is written."""
    from kinetune.cli.progress import StderrObserver
    from kinetune.commands import explain as commands
    from kinetune.commands.explain_profiles import compare_profiles
    from kinetune.reports.formats import save_report
    from kinetune.views.explain import run_report, saved_run
    from kinetune.views.explain_compared import comparison_report
    from kinetune.views.explain_profiles import profiles_report

    observer = StderrObserver()
    if options.profiles:
        return profiles_report(compare_profiles(place, options, observer)), None
    if options.settings:
        trial = commands.compare_settings(place, options, observer)
        return comparison_report(trial), commands.find_failure(trial.after)
    run = commands.explain_store(place, options, observer)
    if save:
        save_report(saved_run(run), save, "json")
    if options.before is None:
        return run_report(run, tree=tree), commands.find_failure(run)
    comparison = commands.compare_with_saved(options.before, run, options.tolerance)
    return comparison_report(comparison), commands.find_failure(run) or commands.find_regression(comparison)
