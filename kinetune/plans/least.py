"""The least that a plan's steps must ask YugabyteDB's storage for, to set its requests against."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kinetune.model.plan import Node, Plan
from kinetune.plans.access import rows_of_interest
from kinetune.plans.numbers import count, number
from kinetune.plans.reads import is_distributed, is_guessed, rows_read, scans

PAGE = 1024
"""Rows that one request brings: yb_fetch_row_limit's default (2.19 pg_wrapper.cc:198, facts/yugabytedb.md §4)."""
FETCH = "yb_fetch_row_limit"


@dataclass(frozen=True)
class Step:
    """A scan of Kine's table or of an index of it, what it asked for and read, and the least of both."""

    node: Node
    requests: int
    least: int
    rows: float
    least_rows: float


def page_of(settings: Mapping[str, str]) -> int:
    """Rows a request under these settings; 0 stands for no limit, and where the size decides instead nobody knows."""
    said = number(settings.get(FETCH))
    return PAGE if said is None else int(said)


def steps(plan: Plan, page: int = PAGE) -> Iterator[Step]:
    """
    Each executed scan with its least: one request a `page` of the rows that the answer needs of it, and one at least.

    Of a scan no more rows are needed than the call answers with (of a count: than it counts), and no more than it gave.
    One row an object: revisions in between need to be passed over only until they are compacted. The batch size of
    joins does not enter: a batch of one is what is wrong with a plan, not what its answer needs.
    """
    wanted = rows_of_interest(plan.root)
    for node in scans(plan):
        needed = min(node.rows or 0.0, math.inf if wanted is None else max(wanted, 1.0))
        least = math.ceil(needed / page) if page else 1
        yield Step(node, node.requests or 0, max(least, 1), rows_read(node), needed)


def least_requests(plan: Plan, page: int = PAGE) -> int | None:
    """Requests that no plan of these steps can do without; None where storage requests are not counted."""
    if not is_distributed(plan):
        return None
    # A scan may ride on another's request (x_stock-1024-E07_poll: 101 rows and no request of its own).
    return sum(step.least for step in steps(plan, page) if step.requests)


def pages_read(plan: Plan, page: int = PAGE) -> int | None:
    """
    Requests as if every row that is looked at were sent; None where requests are not counted.

    A scan that filters or aggregates in the storage reads the whole table in one request: few trips, and yet it grows
    with the table. Ids sharded by hash are such a scan for MAX(id) and polls (measured.md §3, 36 to 150 ms).
    """
    if plan.requests is None:
        return None
    hidden = (math.ceil(step.rows / (page or PAGE)) - step.requests for step in steps(plan, page))
    return plan.requests + sum(more for more in hidden if more > 0)


def against_least(plan: Plan, page: int = PAGE) -> str:
    """`requests: 26 of at least 4; rows: 24,002 of at least 1,004`; empty where requests are not counted."""
    least = least_requests(plan, page)
    if least is None:
        return ""
    every = list(steps(plan, page))
    rows = "not told" if any(is_guessed(step.node) for step in every) else count(sum(step.rows for step in every))
    needed = count(sum(step.least_rows for step in every))
    return f"requests: {plan.requests or 0:,} of at least {least:,}; rows: {rows} of at least {needed}"
