"""`kinetune explain`: what each of Kine's hot queries costs, and why."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kinetune.cli.options import (
    EndpointArgument,
    Format,
    K3sConfig,
    K3sRelease,
    KineRelease,
    Output,
    endpoint_of,
    era_given,
    option,
    refuse_unready,
)
from kinetune.model.failure import CouldNotLook, LimitMissed, UsageFailure

if TYPE_CHECKING:
    from kinetune.commands.explain import Look
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.workload import Explained
    from kinetune.views.explain_compared import Sides


WRITTEN = 10_000
COMPARED = 20_000
"""Rows of a copy where --rows does not say."""
Only = Annotated[
    str | None, option("--query", metavar="NAME", help="Only this call (list-page) or query (ListCurrentVal).")
]
Given = Annotated[
    list[str] | None, option("--arg", metavar="NAME=VALUE", help="prefix=/registry/pods/, key=… or revision=….")
]
Runs = Annotated[int, option("--runs", metavar="N", min=1, help="Measured runs a plan; the median counts.")]
Timeout = Annotated[
    float, option("--timeout", metavar="SECONDS", min=0.001, help="The server stops a run after so long.")
]
Writes = Annotated[bool, option("--writes", help="Explain writes too, on a copy that is rolled back.")]
Rows = Annotated[
    int | None,
    option("--rows", metavar="N", min=1, help="Rows of a copy: 10,000 for --writes, 20,000 for --compare."),
]
Tree = Annotated[bool, option("--tree", help="Show the plan of each call.")]
Save = Annotated[Path | None, option("--save", metavar="FILE", help="Keep this run for a later --against.")]
Against = Annotated[
    Path | None, option("--against", metavar="FILE", help="Compare with a saved run; exit 5 where a call got worse.")
]
With = Annotated[
    list[str] | None,
    option("--with", metavar="SETTING=VALUE", help="Run once more under this session setting, and compare."),
]
Compare = Annotated[
    str | None,
    option(
        "--compare", metavar="PROFILES", help="Run the reads on copies with these profiles' indexes: article,tuned."
    ),
]
Tolerance = Annotated[
    float,
    option("--tolerance", metavar="SHARE", min=0.0, help="Growth that is not yet worse: 0.25 is a quarter."),
]


def explain(
    endpoint: EndpointArgument = None,
    kine: KineRelease = None,
    k3s: K3sRelease = None,
    query: Only = None,
    arg: Given = None,
    runs: Runs = 3,
    timeout: Timeout = 30.0,
    writes: Writes = False,
    rows: Rows = None,
    tree: Tree = False,
    save: Save = None,
    against: Against = None,
    with_: With = None,
    compare: Compare = None,
    tolerance: Tolerance = 0.25,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Show what Kine's own queries cost here, and why.

    Runs EXPLAIN ANALYZE with arguments taken from the store, reads in READ ONLY transactions. Slowest first; every
    number is the median of warm runs.

    \b
    Examples:
      kinetune explain
      kinetune explain --query list-page --tree
      kinetune explain -o report.html
      kinetune explain --save before.json
      kinetune explain --against before.json
      kinetune explain --with work_mem=64MB
      kinetune explain --compare article,tuned
    """
    from kinetune.commands.explain import Look, arguments, load, run, run_with, settings
    from kinetune.views.explain_compared import TIMES, tried

    refuse_unready(format, output, save)
    _refuse_two_comparisons(with_, against, save, compare, writes=writes)
    before = load(against) if against else None
    copied = (rows or WRITTEN) if writes else (rows or COMPARED) if compare else 0
    look = Look(era_given(kine, k3s), query, arguments(arg), runs, timeout, copied)
    trial, place, how = (
        settings(with_),
        endpoint_of(endpoint, k3s_config),
        Telling(tree, save, tolerance, format, output),
    )
    if compare:
        _tell_profiles(place, look, compare, how)
    elif trial:
        before, explained = run_with(place, look, trial)
        _tell(explained, before, replace(how, sides=tried(trial)))
    else:
        _tell(run(place, look), before, replace(how, sides=TIMES))


def _refuse_two_comparisons(
    trial: list[str] | None, against: Path | None, save: Path | None, profiles: str | None, *, writes: bool
) -> None:
    if trial and (against or save):
        raise UsageFailure("--with compares two runs of its own", "leave --against and --save out")
    if profiles and (trial or against or save or writes):
        raise UsageFailure("--compare compares profiles on reads", "leave --with, --against, --save and --writes out")


@dataclass(frozen=True)
class Telling:
    """How the result is told and where it is kept."""

    tree: bool
    save: Path | None
    tolerance: float
    format: str
    output: Path | None
    sides: Sides | None = None


def _tell_profiles(place: Endpoint, look: Look, profiles: str, how: Telling) -> None:
    from kinetune.commands.explain_contest import compare_profiles, profiles_of, told
    from kinetune.reports.table import save, write

    report = told(compare_profiles(place, look, profiles_of(profiles)))
    write(report, how.format, sys.stdout)
    if how.output:
        save(report, how.output)


def _tell(explained: Explained, before: Explained | None, how: Telling) -> None:
    from kinetune.plans.compare import compare
    from kinetune.reports.table import save, write
    from kinetune.views.explain import reported, saved
    from kinetune.views.explain_compared import TIMES, compared

    comparison = compare(before, explained, how.tolerance) if before else ()
    report = (
        compared(before, explained, comparison, how.sides or TIMES) if before else reported(explained, tree=how.tree)
    )
    if how.save:
        save(saved(explained), how.save, "json")
    write(report, how.format, sys.stdout)
    if how.output:
        save(report, how.output)
    if all(one.failed for one in explained.calls):
        raise CouldNotLook(f"no call could be explained: {explained.calls[0].failed}", "the report has all reasons")
    if how.sides not in (None, TIMES):
        return  # a trial: that it is worse is an answer
    if worse := [one.scenario for one in comparison if one.verdict == "worse"]:
        raise LimitMissed(f"worse than before by more than {how.tolerance:.0%}: {', '.join(worse)}")
