"""`kinetune analyze`: refresh the planner's statistics of kine."""

from __future__ import annotations

import typer

from kinetune.cli.options import EndpointArgument, K3sConfig, resolve_endpoint
from kinetune.formatting import format_count, format_duration


def analyze(endpoint: EndpointArgument = None, k3s_config: K3sConfig = None) -> None:
    """
    Run ANALYZE kine, so that the planner knows the size of the table. Kine keeps running.

    PostgreSQL does this automatically (autovacuum). YugabyteDB up to 2024.2 does not: there kinetune init gives a new
    table statistics that suit up to 500,000 rows, and a store that was created without them is analysed once it has
    2,000 rows. With statistics of fewer rows each write would later read the whole table.
    """
    from kinetune.commands.analyze import analyze_store

    found = analyze_store(resolve_endpoint(endpoint, k3s_config))
    rows = format_count(found.rows, "row")
    if found.seconds is None:
        typer.echo(f"nothing was analysed: the statistics in place (of {rows}) are better than those of the few rows")
    else:
        typer.echo(f"ANALYZE kine: about {rows}, {format_duration(1000 * found.seconds)}")
