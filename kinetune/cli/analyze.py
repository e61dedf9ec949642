"""`kinetune analyze`: give the planner statistics of kine."""

from __future__ import annotations

import time

import typer

from kinetune.cli.options import EndpointArgument, K3sConfig, endpoint_of
from kinetune.model.failure import CouldNotLook


def analyze(endpoint: EndpointArgument = None, k3s_config: K3sConfig = None) -> None:
    """
    Run ANALYZE kine: the planner learns how large the table is. Kine keeps running.

    PostgreSQL does it by itself (autovacuum), YugabyteDB only from 2025.2 and on new clusters: before that let a job
    call this each week, and after each tenfold growth.
    """
    from kinetune.database.apply import analyze as run
    from kinetune.database.look import store

    with store(endpoint_of(endpoint, k3s_config), "analyze", write=True) as (session, facts):
        if facts.table is None:
            raise CouldNotLook(f"there is no table kine in database {facts.database}", "prepare it with kinetune init")
        started = time.monotonic()
        rows = run(session)
    typer.echo(f"ANALYZE kine: about {rows:,} rows, {time.monotonic() - started:.1f} s")
