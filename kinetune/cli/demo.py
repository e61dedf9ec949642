"""`kinetune demo`: Kine's queries before and after `init`, on this machine alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kinetune.cli.options import KineRelease, option, require_outputs, resolve_era

Objects = Annotated[int, option("--objects", min=1, help="Number of Kubernetes objects, with five revisions each.")]
Keep = Annotated[bool, option("--keep", help="Leave the server running and show its endpoint.")]
Page = Annotated[
    Path, option("--output", "-o", metavar="FILE", help="Write the report to FILE; the extension selects the format.")
]


def demo(
    objects: Objects = 20_000,
    kine: KineRelease = None,
    keep: Keep = False,
    output: Page = Path("report.html"),
) -> None:
    """
    Fill a private PostgreSQL like a busy K3s cluster and compare Kine's queries before and after `kinetune init`.

    Needs no database, and leaves only the report. The objects are made up; every number is measured.

    Examples:  kinetune demo  ·  kinetune demo --kine v0.14.16  ·  kinetune demo --objects 2000 --keep
    """
    from kinetune.cli.progress import StderrObserver
    from kinetune.commands.demo import DemoOptions, demo_server, require_recorded_era, run_demo
    from kinetune.reports.formats import save_report, write_report
    from kinetune.views.demo import build_page, build_screen

    require_outputs("text", output)
    options, observer = DemoOptions(objects, require_recorded_era(resolve_era(kine, None)), keep), StderrObserver()
    with demo_server(options, observer) as endpoint:
        found = run_demo(endpoint, options, observer)
    if keep:
        typer.echo(f"The server is running: {endpoint} (in kinetune: {endpoint.source})", err=True)
        typer.echo(f"To remove it: kinetune embedded remove --yes {endpoint.source.partition(':')[2]}", err=True)
    write_report(build_screen(found, objects), "text", sys.stdout)
    save_report(build_page(found, objects), output)
    typer.echo(f"Report: {output}", err=True)
