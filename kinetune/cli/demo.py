"""`kinetune demo`: the main job, from nothing, on this machine alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kinetune.cli.options import KineRelease, era_given, option

Objects = Annotated[int, option("--objects", min=1, help="Kubernetes objects; five revisions of each in the mean.")]
Keep = Annotated[bool, option("--keep", help="Leave the server running, and say where it is.")]
Page = Annotated[Path, option("--output", "-o", metavar="FILE", help="Where the report goes.")]


def demo(
    objects: Objects = 20_000,
    kine: KineRelease = None,
    keep: Keep = False,
    output: Page = Path("report.html"),
) -> None:
    """
    Fill a private PostgreSQL as a busy K3s cluster would, explain Kine's queries, tune it, explain again, compare.

    Needs no database and leaves nothing behind but the report. The objects are made up; every number is measured.

    Examples:  kinetune demo  ·  kinetune demo --kine v0.14.16  ·  kinetune demo --objects 2000 --keep
    """
    from kinetune.commands.demo import era_wanted, refuse_unwritable, run, server
    from kinetune.reports.table import save, write
    from kinetune.views.demo import page, screen
    from kinetune.workload.store import Store

    refuse_unwritable(output)
    era = era_wanted(era_given(kine, None))
    with server(keep=keep) as endpoint:
        found = run(endpoint, Store(objects), era)
    write(screen(found), "text", sys.stdout)
    save(page(found), output)
    typer.echo(f"The report is in {output}.", err=True)
