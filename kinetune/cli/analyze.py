"""`kinetune analyze`: give the planner statistics of kine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from kinetune.cli.options import EndpointArgument, K3sConfig, endpoint_of
from kinetune.model.failure import CouldNotLook, Refused

if TYPE_CHECKING:
    from kinetune.model.facts import Relation


def analyze(endpoint: EndpointArgument = None, k3s_config: K3sConfig = None) -> None:
    """
    Run ANALYZE kine: the planner learns how large the table is. Kine keeps running.

    PostgreSQL does it by itself (autovacuum). On YugabyteDB up to 2024.2 nothing does: kinetune init gives a new table
    statistics that serve to 500,000 rows, and a store in use is analysed once it has 2,000. Fewer rows are not analysed
    there: their statistics make each write read the table later.
    """
    from kinetune.database.apply import analyze as run
    from kinetune.database.look import store

    with store(endpoint_of(endpoint, k3s_config), "analyze", write=True) as (session, facts):
        if facts.table is None:
            raise CouldNotLook(f"there is no table kine in database {facts.database}", "prepare it with kinetune init")
        if facts.server.can("lasting_statistics") and (kept := _kept(facts.table)):
            typer.echo(kept)
            return
        started = time.monotonic()
        rows = run(session)
    typer.echo(f"ANALYZE kine: about {rows:,} rows, {time.monotonic() - started:.1f} s")


def _kept(table: Relation) -> str:
    """Why the statistics there are stay, where the table has too few rows; Refused where there are none either."""
    from kinetune.servers.statistics import PLANTED_ROWS

    counted = table.counted or 0
    if counted >= PLANTED_ROWS:
        return ""
    if table.rows:
        return f"nothing was analysed: kine has {counted:,} rows, and its statistics of {table.rows:,} serve better"
    if not counted:
        raise Refused(
            "nothing was analysed: kine has no rows, and statistics of an empty table make each write read it later",
            "stop Kine and run kinetune init, which gives an empty table statistics",
        )
    raise Refused(
        f"nothing was analysed: kine has {counted:,} rows, and statistics of so few make lists slow later",
        f"run it again once there are {PLANTED_ROWS:,} rows",
    )
