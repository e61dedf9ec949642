"""Statistics of kine on YugabyteDB, where nobody else sees to them."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation
from kinetune.model.script import Step
from kinetune.model.server import Flavour, Server
from kinetune.servers.statistics import is_due

SUBJECT = "statistics"
WHY = (
    "without statistics of its rows the planner reads the table to look up one name, in each create and update; lists "
    "take 26 requests or 414"
)


def statistics_steps(table: Relation, server: Server) -> Iterator[Step]:
    """
    ANALYZE once the store has rows enough. PostgreSQL's autovacuum does it by itself.

    Without statistics of names (ALTER COLUMN name SET STATISTICS 0) lists would be better still, but that statement
    changes the table's version under a running Kine: 2 of 170 creates of v0.17.5 were acknowledged and lost (§11).
    """
    if server.flavour is Flavour.YUGABYTEDB and is_due(table.rows, table.counted):
        yield Step(
            does="analyse kine",
            why=WHY,
            statements=("ANALYZE kine",),
            locks="nothing",
            undo=("ANALYZE kine",),
            subject=SUBJECT,
        )
