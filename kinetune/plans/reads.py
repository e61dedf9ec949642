"""How much of Kine's table a plan reads, and by which way."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.model.plan import Node, Plan
from kinetune.plans.names import PUSHED_DOWN, condition
from kinetune.plans.numbers import number

TABLE = "kine"
# Below this a whole read is what the planner should choose: a fresh K3s store has one to five thousand rows.
MANY_ROWS = 10_000
SOME_ROWS = 1_000
SLOW_MS = 5.0  # of one node; below it nobody in Kubernetes notices
NEVER_ANALYZED = 1_000.0  # YugabyteDB's estimate of a table without statistics
NAME_RANGE = re.compile(r"\bname\)?(::text)? (>=|>|<|<=|~~) ")
NAME = re.compile(r"\bname\)?(::text)? (=|>=|>|<|<=|~~) ")


def scans(plan: Plan) -> Iterator[Node]:
    """Every node that reads Kine's table or an index of it, and was executed."""
    return (node for node in plan.nodes() if _reads_kine(node) and node.loops != 0)


def _reads_kine(node: Node) -> bool:
    """A bitmap's index half has no relation; its heap half counts the rows."""
    return node.relation == TABLE and node.kind.endswith("Scan")


def is_distributed(plan: Plan) -> bool:
    """Whether YugabyteDB ran it with DIST: PostgreSQL counts no storage requests."""
    return plan.requests is not None


def is_sequential(node: Node) -> bool:
    return node.kind == "Seq Scan"


def is_partial_aggregate(node: Node) -> bool:
    """YugabyteDB's tablets aggregate and return one row each, whatever they have read."""
    return node.details.get("Partial Aggregate") in (True, "true")


def rows_read(node: Node) -> float:
    """
    Rows looked at, over all loops: what was returned and removed, or what YugabyteDB's storage says it scanned (2024.1
    and later). Where a release before that filters or aggregates in the storage, a whole read is taken for the
    planner's estimate, which knows the size of the table.
    """
    scanned = storage_rows(node)
    if scanned is not None:
        return scanned
    seen = (node.rows or 0.0) + node.removed
    return max(seen, (node.estimated_rows or 0.0) * (node.loops or 1)) if is_guessed(node) else seen


def is_guessed(node: Node) -> bool:
    """Whether the rows that the storage looked at are told by nobody: it filters or aggregates them itself (2.21)."""
    is_hidden = is_partial_aggregate(node) or bool(condition(node, *PUSHED_DOWN))
    return is_sequential(node) and is_hidden and storage_rows(node) is None


def storage_rows(node: Node) -> float | None:
    """Storage Rows Scanned over all loops: of an index and its table the larger, for the one leads to the other."""
    keys = ("Storage Table Rows Scanned", "Storage Index Rows Scanned")
    said = [value for key in keys if (value := number(node.details.get(key))) is not None]
    return max(said) * (node.loops or 1) if said else None


def is_many(rows: float, own_ms: float | None) -> bool:
    """Many in any case, or some that took noticeably long."""
    return rows >= MANY_ROWS or (rows >= SOME_ROWS and (own_ms or 0.0) >= SLOW_MS)


def is_bounded(node: Node) -> bool:
    """
    Whether an index scan seeks a part of the index. `id IS NOT NULL` is how MAX(id) says: all of it; and an upper bound
    of ids alone, the revision that is asked for, leaves out what is newer and nothing else.
    """
    sought = condition(node, "Index Cond")
    return bool(re.sub(r"\(?\S+ (IS NOT NULL|<= (\$\d+|'?\d+'?(::bigint)?))\)?| AND ", "", sought).strip("() "))


def is_whole_read(node: Node) -> bool:
    """A sequential scan, or an index read from end to end. Under a LIMIT an index may stop early: its rows tell."""
    is_index = node.kind.endswith(("Index Scan", "Index Only Scan"))
    return is_sequential(node) or (is_index and not is_bounded(node))


def own_ms(node: Node) -> float:
    return node.own_ms or 0.0
