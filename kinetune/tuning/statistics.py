"""Statistics of kine on YugabyteDB, where nobody else sees to them."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation
from kinetune.model.script import Step
from kinetune.model.server import Flavour, Server

ENOUGH = 1_000
"""Revisions from which a guessed plan is dear; a fresh K3s store has more after its first minutes."""
WHY = (
    "without statistics the planner guesses: the same list takes 26 requests or 414, one object 4 or 97; with them "
    "every index set is near the best (measured.md §3)"
)


def statistics_steps(table: Relation, server: Server) -> Iterator[Step]:
    """ANALYZE once the store has rows. PostgreSQL's autovacuum does it by itself."""
    never = table.rows is None and (table.max_id or 0) >= ENOUGH
    if server.flavour is Flavour.YUGABYTEDB and never:
        yield Step(
            does="analyse kine, for the first time",
            why=WHY,
            statements=("ANALYZE kine",),
            locks="nothing; repeat it after each tenfold growth (kinetune analyze)",
            undo=("ANALYZE kine",),
        )
