"""`kinetune explain`: what each of Kine's hot queries costs, and why."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinetune.cli.options import (
    EndpointArgument,
    Format,
    K3sConfig,
    K3sRelease,
    KineRelease,
    Output,
    endpoint_of,
    era_given,
)
from kinetune.model.failure import LimitMissed

if TYPE_CHECKING:
    from kinetune.model.workload import Explained


Only = Annotated[str | None, typer.Option(metavar="NAME", help="Only this call (list-page) or query (ListCurrentVal).")]
Given = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="prefix=/registry/pods/, key=… or revision=….")
]
Runs = Annotated[int, typer.Option(envvar="KINETUNE_RUNS", min=1, help="Measured runs a plan; the median counts.")]
Timeout = Annotated[
    float,
    typer.Option(envvar="KINETUNE_TIMEOUT", min=0.001, metavar="SECONDS", help="The server stops a run after it."),
]
Writes = Annotated[
    bool, typer.Option("--writes", envvar="KINETUNE_WRITES", help="Explain writes too, on a copy that is rolled back.")
]
Rows = Annotated[
    int, typer.Option(envvar="KINETUNE_ROWS", min=1, help="With --writes: the copy holds the newest so many revisions.")
]
Tree = Annotated[bool, typer.Option("--tree", envvar="KINETUNE_TREE", help="Show the plan of each call.")]
Save = Annotated[Path | None, typer.Option(metavar="FILE", help="Keep this run for a later --against.")]
Against = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Compare with a saved run; exit 5 where a call got worse.")
]
Tolerance = Annotated[
    float, typer.Option(envvar="KINETUNE_TOLERANCE", min=0.0, help="Growth that is not yet worse: 0.25 is a quarter.")
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
    rows: Rows = 10_000,
    tree: Tree = False,
    save: Save = None,
    against: Against = None,
    tolerance: Tolerance = 0.25,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Run EXPLAIN ANALYZE on Kine's own queries, with arguments taken from the store, and say what is slow and why.

    Reads run in READ ONLY transactions. Slowest first; every number is the median of warm runs.

    Examples:  kinetune explain  ·  kinetune explain --query list-page --tree  ·  kinetune explain -o report.html
    ·  kinetune explain --save before.json, then kinetune explain --against before.json
    """
    from kinetune.cli.explain_steps import Look, arguments, load, run

    before = load(against) if against else None
    look = Look(era_given(kine, k3s), query, arguments(arg), runs, timeout, rows if writes else 0)
    explained = run(endpoint_of(endpoint, k3s_config), look)
    _tell(explained, before, Telling(tree, save, tolerance, format, output))


@dataclass(frozen=True)
class Telling:
    """How the result is told and where it is kept."""

    tree: bool
    save: Path | None
    tolerance: float
    format: str
    output: Path | None


def _tell(explained: Explained, before: Explained | None, how: Telling) -> None:
    from kinetune.cli.explain_report import compared, reported, saved
    from kinetune.plans.compare import compare
    from kinetune.reports.table import save, write

    comparison = compare(before, explained, how.tolerance) if before else ()
    report = compared(before, explained, comparison) if before else reported(explained, tree=how.tree)
    if how.save:
        save(saved(explained), how.save, "json")
    write(report, how.format, sys.stdout)
    if how.output:
        save(report, how.output)
    if worse := [one.scenario for one in comparison if one.verdict == "worse"]:
        raise LimitMissed(f"worse than before by more than {how.tolerance:.0%}: {', '.join(worse)}")
