"""What `kinetune check` does: observe the store, or read saved facts or configuration files, and run the rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinetune import __version__
from kinetune.commands.check_baseline import apply_baseline, renew_baseline
from kinetune.commands.check_files import ConfigFiles, add_configuration, build_file_facts, read_configuration
from kinetune.model.baseline import Baseline, read_baseline
from kinetune.model.check_result import CheckResult
from kinetune.model.facts import Facts, KineRelease, SequenceProbe
from kinetune.model.facts_file import facts_report, read_facts
from kinetune.model.failure import CouldNotLook, Exit, UsageFailure
from kinetune.model.finding import Severity
from kinetune.model.unknown import NOT_REQUESTED, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinetune.commands.check_selection import CheckSettings
    from kinetune.database.session import Session
    from kinetune.kine.releases import Era, EraInUse
    from kinetune.model.cluster import Cluster
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.report import Report
    from kinetune.model.workload import ExplainRun, Recording

RUNS = 2
"""EXPLAIN runs per call, of which the faster counts: a machine that is busy for a moment must not fail a pipeline."""


@dataclass(frozen=True)
class CheckOptions:
    """
    What to check, how deeply, and what fails the run.

    `find_endpoint` is None where saved `facts` or only the configuration `files` are checked. `era` is the Kine of
    --kine or --k3s, `metrics` the address of Kine's /metrics, `tserver_http` the HTTP port of YugabyteDB's tservers (0:
    do not read their flags), `against` a file of `explain --save` to compare plans with. Findings below `fail_on` do
    not fail the run (None: none does); with `strict` a rule that could not be checked does, unless it is ignored.
    """

    find_endpoint: Callable[[], Endpoint] | None = None
    facts: Path | None = None
    save_facts: Path | None = None
    redact: bool = False
    files: ConfigFiles = field(default_factory=ConfigFiles)
    era: EraInUse | None = None
    plans: bool = True
    probe: bool = False
    metrics: str | None = None
    tserver_http: int = 0
    fail_on: Severity | None = Severity.WARNING
    strict: bool = False
    baseline: Path | None = None
    update_baseline: bool = False
    against: Path | None = None


def run_check(options: CheckOptions, settings: CheckSettings, save: Callable[[Report, Path], None]) -> CheckResult:
    """
    Observe, then run the selected rules. `save` writes the facts and the baseline as JSON.

    Raises UsageFailure for a file that cannot be read, before a connection is opened, and CouldNotLook.
    """
    from kinetune.plans.saved import load_run

    # Files first: a wrong path must not cost minutes of EXPLAIN.
    earlier_run = load_run(options.against) if options.against else None
    baseline = _open_baseline(options.baseline, options.update_baseline)
    facts = observe_facts(options)
    if options.save_facts:
        save(facts_report(facts, __version__), options.save_facts)
    result = check_facts(facts, options, settings, earlier_run)
    if not baseline:
        return result
    if options.update_baseline:
        baseline = renew_baseline(baseline, result.results)
        save(baseline.report(), baseline.path)
    results, notes = apply_baseline(baseline, result.results)
    return replace(result, results=results, notes=notes)


def _open_baseline(path: Path | None, update: bool) -> Baseline | None:
    if path is None:
        if update:
            raise UsageFailure("--update-baseline needs --baseline FILE", "add the file to write")
        return None
    return Baseline(path) if update and not path.exists() else read_baseline(path)


def observe_facts(options: CheckOptions) -> Facts:
    """Facts of the store, the saved facts or the files."""
    configuration = read_configuration(options.files)
    given = _given_release(options)
    if options.facts:
        facts = read_facts(options.facts)
        facts = add_configuration(replace(facts, kine=given or facts.kine), configuration)
    elif options.find_endpoint:
        facts = add_configuration(_observe_store(options.find_endpoint(), options), configuration)
    else:
        facts = build_file_facts(configuration, given)
    if options.redact:  # before the rules run: no report can contain a key that they never saw
        from kinetune.kine.redaction import redact_facts

        facts = redact_facts(facts)
    return facts


def check_facts(
    facts: Facts, options: CheckOptions, settings: CheckSettings, earlier_run: ExplainRun | None
) -> CheckResult:
    """The results of the selected rules, before a baseline is applied."""
    from kinetune.rules.context import NO_RUN, CheckContext
    from kinetune.rules.rule import build_page
    from kinetune.rules.runner import run_rules

    selection = settings.selection
    results = run_rules(CheckContext(facts, settings.limits, earlier_run or NO_RUN), selection)
    unchecked = (rule for rule in results.skipped if rule.asked and rule.code not in selection.ignore)
    return CheckResult(
        facts=facts,
        results=results,
        rules=tuple(build_page(rule) for rule in selection.rules),
        fail_on=options.fail_on,
        failing_skips=tuple(unchecked) if options.strict else (),
        facts_file=str(options.facts or ""),
    )


def require_results(result: CheckResult) -> Exit:
    """
    FINDINGS or CLEAN, and BLIND if a file of a folder could not be read. Raises CouldNotLook if no rule could be
    checked: that must not look like success.
    """
    results, configuration = result.results, result.facts.configuration
    if not (results.findings or results.passed or results.ignored):
        reasons = sorted({skipped.reason for skipped in results.skipped})
        raise CouldNotLook("no rule could be checked: " + "; ".join(reasons[:3]))
    if not isinstance(configuration, Unknown) and configuration.failures:
        return Exit.BLIND
    return Exit.FINDINGS if result.failed else Exit.CLEAN


def _given_release(options: CheckOptions) -> KineRelease | None:
    from kinetune.kine.releases import release_in_use

    return release_in_use(options.era) if options.era else None


def _observe_store(endpoint: Endpoint, options: CheckOptions) -> Facts:
    """All facts that rules may need, in sessions that can only read; --probe alone writes."""
    from kinetune.database.inspect import inspect_store, observe_endpoint
    from kinetune.database.observe import open_store

    with open_store(endpoint, "check") as (session, facts):
        if facts.server.unsupported:  # CockroachDB and the like fail at the first query of a catalog; KT412 says it all
            return facts
        facts = replace(facts, endpoint=observe_endpoint(session, endpoint))
        if not facts.database_exists:
            return _mark_unknown(facts, _given_release(options))
        kine = _find_release(session, options)
        facts = replace(
            inspect_store(session, facts), kine=kine, cluster=_observe_cluster(session, options.tserver_http)
        )
        facts = replace(facts, lookups=_plan_lookups(session, facts))
        facts = replace(facts, recordings=_record_plans(session, facts, options.plans))
    # After the read-only session has ended: the probe opens writing ones of its own.
    return replace(facts, probe=_probe_sequence(endpoint)) if options.probe else facts


def _mark_unknown(facts: Facts, kine: KineRelease | None) -> Facts:
    """Facts of a database that does not exist yet: only the Kine release that the user gave is known."""
    absent = Unknown(f"database {facts.database} does not exist")
    names = ("statistics", "growth", "integrity", "connections", "security", "recordings", "lookups", "cluster")
    parts: dict[str, Any] = dict.fromkeys(names, absent)
    return replace(facts, kine=kine or absent, **parts)


def _find_release(session: Session, options: CheckOptions) -> KineRelease | Unknown:
    from kinetune.database.pg_stat_statements import recorded_era

    if given := _given_release(options):
        return given
    # pg_stat_statements shows what ran since its last reset, /metrics what this Kine runs now: that is preferred.
    era, source = _read_metrics_era(options.metrics) if options.metrics else recorded_era(session)
    return KineRelease(era.name, era.number, source) if era else Unknown(f"{source}; set --kine or --k3s")


def _read_metrics_era(place: str) -> tuple[Era | None, str]:
    """The era by the names of queries in Kine's /metrics, and how it is known. UsageFailure if they cannot be read."""
    from kinetune.http.metrics import read_query_names
    from kinetune.http.read_text import hide_credentials
    from kinetune.kine.query_recognition import era_of_metric_names

    era = era_of_metric_names(read_query_names(place))
    shown = hide_credentials(place)
    return era, f"{shown} has queries of Kine {era.releases}" if era else f"{shown} has no query of a single Kine era"


def _observe_cluster(session: Session, tserver_http: int) -> Cluster | Unknown:
    """Every node by SQL, and its flags by HTTP unless the port is 0."""
    from kinetune.database.nodes import observe_cluster
    from kinetune.http.tserver import add_http_details

    try:
        cluster = observe_cluster(session, "check")
    except CouldNotLook as failure:
        return Unknown(str(failure))
    if isinstance(cluster, Unknown) or not tserver_http:
        return cluster
    return add_http_details(cluster, session.endpoint.database, tserver_http)


def _record_plans(session: Session, facts: Facts, plans: bool) -> tuple[Recording, ...] | Unknown:
    """Kine's reads under EXPLAIN ANALYZE."""
    from kinetune.commands.explain import ExplainOptions, record_calls

    if not plans:
        return Unknown("skipped with --no-plans")
    if facts.table is None:
        return Unknown("there is no table kine")
    try:
        return tuple(record_calls(session, _era_of(facts), ExplainOptions(runs=RUNS)))
    except (CouldNotLook, UsageFailure) as failure:
        return Unknown(f"no plans for {facts.database}: {failure}")


def _plan_lookups(session: Session, facts: Facts) -> tuple[Recording, ...] | Unknown:
    """Plans, not executed, of statements that look up one name; on YugabyteDB only, where they may be slow (KT306)."""
    from kinetune.database.explain import plan_calls
    from kinetune.kine.queries import build_lookup_calls, load_catalogue
    from kinetune.kine.table_shape import describe_unusable
    from kinetune.model.server import Flavour

    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return NOT_REQUESTED
    if facts.table is None or describe_unusable(facts.table):
        return Unknown("there is no table kine that Kine can use")
    try:
        return tuple(plan_calls(session, build_lookup_calls(load_catalogue(_era_of(facts).name))))
    except (CouldNotLook, UsageFailure) as failure:
        return Unknown(str(failure))


def _era_of(facts: Facts) -> Era:
    """The era in use; the newest one if it is unknown."""
    from kinetune.kine.releases import find_era, newest_era

    return newest_era() if isinstance(facts.kine, Unknown) else find_era(facts.kine.era)


def _probe_sequence(endpoint: Endpoint) -> SequenceProbe | Unknown:
    from kinetune.database.probe import probe_sequence

    try:
        return probe_sequence(endpoint)
    except CouldNotLook as failure:
        return Unknown(str(failure))
