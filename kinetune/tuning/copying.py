"""How many rows go at once, and the proof that they arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kinetune.kine.shape import BEFORE, COPY
from kinetune.model.facts import Facts
from kinetune.model.script import Step
from kinetune.model.server import Flavour
from kinetune.tuning import copy_statements
from kinetune.tuning.target import Target

BATCH = copy_statements.BATCH


def compare(drop_gaps: bool, target: Target) -> Step:
    return Step(
        does=f"compare {COPY} with kine: number, first and last id and checksum of every {BATCH:,} ids",
        why="only a copy that is equal row for row takes kine's place; no value leaves the server",
        statements=(copy_statements.compare_copy(drop_gaps, target),),
        locks="nothing; reads both tables once",
    )


@dataclass(frozen=True)
class Expected:
    """How large a rebuild is: rows and bytes (None: not known), seconds roughly (None: not measured), and in words."""

    rows: int | None
    bytes: int | None
    seconds: float | None
    words: str


RATES: Mapping[Flavour, tuple[int, str]] = {
    Flavour.POSTGRESQL: (8_000, "1,000,000 rows of 4 kB in 124 s, PostgreSQL 15 on two busy cores: bench rebuild"),
    Flavour.YUGABYTEDB: (3_300, "50,001 rows with three indexes in 15 s, three nodes on two cores: FINDINGS.md, DDL"),
}
"""Rows a second, from the first to the last step, and where that was measured."""


def expected(facts: Facts) -> Expected:
    """From the planner's estimate; where the store was never analysed, from its newest id, which is an upper bound."""
    table = facts.table or facts.beside.get(BEFORE)
    rows = (table.size or table.max_id) if table else None
    size = table.bytes if table else None
    rate, source = RATES[facts.server.flavour]
    if facts.table is None:
        return Expected(rows, size, 0.0, "the copy is complete, only names are left to be exchanged")
    if not rows:
        return Expected(None, size, None, "its number of rows is not known (ANALYZE kine), nor how long it takes")
    about = "about" if table and table.size else "at most"
    room = f" and {size / 1e6:,.0f} MB, which are needed once more" if size else ""
    seconds = rows / rate
    return Expected(rows, size, seconds, f"{about} {rows:,} rows{room}; roughly {_clock(seconds)} ({source})")


def _clock(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"
