"""What `kinetune analyze` does: refresh the planner's statistics where new ones are better than those in place."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinetune.formatting import format_count, format_number
from kinetune.model.failure import CouldNotLook, Refused

if TYPE_CHECKING:
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Relation


@dataclass(frozen=True)
class AnalyzeResult:
    """The number of rows that the planner assumes now, and the seconds that ANALYZE took; None: it was not run."""

    rows: int
    seconds: float | None


def analyze_store(endpoint: Endpoint) -> AnalyzeResult:
    """Raises CouldNotLook without a table or the right to analyse it, Refused where statistics would do harm."""
    from kinetune.database.apply import analyze_table
    from kinetune.database.observe import observe_store
    from kinetune.database.session import open_session

    with open_session(endpoint, "analyze", write=True) as session:
        facts = observe_store(session)
        if facts.table is None:
            raise CouldNotLook(f"database {facts.database} has no table kine", "create it with kinetune init")
        if facts.server.can("lasting_statistics") and _keeps_statistics(facts.table):
            return AnalyzeResult(facts.table.rows or 0, None)
        started = time.monotonic()
        rows = analyze_table(session)
    return AnalyzeResult(rows, time.monotonic() - started)


def _keeps_statistics(table: Relation) -> bool:
    """
    Whether the statistics in place are better than those of the few rows. Refused where there are none: statistics of
    few rows stay for good on this server, and choose plans that read the whole table once it has grown.
    """
    from kinetune.servers.yugabytedb import PLANTED_ROWS

    counted = table.counted or 0
    if counted >= PLANTED_ROWS or table.rows:
        return counted < PLANTED_ROWS
    if not counted:
        raise Refused(
            "nothing was analysed: kine has no rows, and with statistics of an empty table each write would later "
            "read the whole table",
            "stop Kine and run kinetune init, which gives an empty table suitable statistics",
        )
    raise Refused(
        f"nothing was analysed: kine has only {format_count(counted, 'row')}, and lists would be slow with statistics "
        "of so few",
        f"run it again when there are {format_number(PLANTED_ROWS)} rows",
    )
