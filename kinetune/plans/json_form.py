"""EXPLAIN (FORMAT JSON) of PostgreSQL 11 to 18 and of YugabyteDB, read into a Plan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.plans.nodes import round_or_none, shared_blocks, to_number, with_own_costs

# Names in YugabyteDB 2.17 to 2.19 (yugabyte-db#17671) and in the text form → names in later releases.
RENAMED = {"YB Seq Scan": "Seq Scan", "YB Batched Nested Loop Join": "YB Batched Nested Loop"}
REQUESTS = ("Storage Table Read Requests", "Storage Index Read Requests")
REMOVED = (
    "Rows Removed by Filter",
    "Rows Removed by Join Filter",
    "Rows Removed by Index Recheck",
    "Rows Removed by Conflict Filter",
    "Rows Removed by Storage Recheck",
)


YUGABYTEDB_KEYS = frozenset({"Remote Filter", "Remote Index Filter", "Partial Aggregate"})


@dataclass(frozen=True)
class NodeContext:
    """What a node inherits: the number of `processes` that run it in parallel, and whether EXPLAIN had DIST."""

    processes: int
    dist: bool


def read_json_plan(document: object) -> QueryPlan:
    """
    The plan of one EXPLAIN, given as text or as parsed JSON: `[{"Plan": …}]`, `{"Plan": …}`.

    Unknown keys stay in `details` and `totals`; values of an unexpected type are ignored. ValueError where there is no
    plan. `requests` of a server that prints them per node only (SUMMARY OFF) are their sum.
    """
    top = _find_plan(document)
    raw = top["Plan"]
    assert isinstance(raw, Mapping)
    totals = {key: value for key, value in top.items() if key != "Plan"}
    root = with_own_costs(_read_node(raw, NodeContext(1, _counts_requests(raw, totals))))
    return QueryPlan(
        root=root,
        planning_ms=to_number(totals.get("Planning Time")),
        execution_ms=to_number(totals.get("Execution Time")),
        blocks=round_or_none(shared_blocks(root)),
        requests=_plan_requests(root, totals),
        distributed="Peak Memory Usage" in totals or any(map(_is_of_yugabytedb, root.walk())),
        totals=totals,
    )


def plan_document(plan: QueryPlan) -> dict[str, object]:
    """The JSON form of a plan: what read_json_plan() reads, also of a plan that was read from text."""
    return {"Plan": _node_document(plan.root), **plan.totals}


def _node_document(node: PlanNode) -> dict[str, object]:
    plans = [_node_document(child) for child in node.children]
    return {**node.details, "Plans": plans} if plans else dict(node.details)


def _is_of_yugabytedb(node: PlanNode) -> bool:
    """Node types and keys that PostgreSQL does not have; without DIST a plan may still have some of them."""
    return str(node.details.get("Node Type")).startswith("YB ") or any(
        key.startswith("Storage ") or key in YUGABYTEDB_KEYS for key in node.details
    )


def _find_plan(document: object) -> Mapping[str, object]:
    parsed = json.loads(document) if isinstance(document, str | bytes) else document
    # The server answers with a list of one element.
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    plan = parsed.get("Plan") if isinstance(parsed, Mapping) else None
    if not isinstance(plan, Mapping) or not isinstance(plan.get("Node Type"), str):
        raise ValueError('no plan: EXPLAIN (FORMAT JSON) answers [{"Plan": {"Node Type": …}}]')
    assert isinstance(parsed, Mapping)
    return parsed


def _child_plans(raw: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    below = raw.get("Plans")
    return (plan for plan in below if isinstance(plan, Mapping)) if isinstance(below, list) else iter(())


def _counts_requests(raw: Mapping[str, object], totals: Mapping[str, object]) -> bool:
    """Whether EXPLAIN had DIST. A node prints its counters only above zero: with DIST, a missing counter is zero."""
    return (
        "Storage Read Requests" in totals
        or any(key in raw for key in REQUESTS)
        or any(_counts_requests(plan, {}) for plan in _child_plans(raw))
    )


def _plan_requests(root: PlanNode, totals: Mapping[str, object]) -> int | None:
    total = round_or_none(to_number(totals.get("Storage Read Requests")))
    # The total of the server is more precise than the sum: per-loop figures are rounded.
    if total is not None or root.requests is None:
        return total
    # Without SUMMARY there are no totals, but each node still has its own counters.
    return sum(node.requests or 0 for node in root.walk())


def _read_node(raw: Mapping[str, object], around: NodeContext) -> PlanNode:
    kind = str(raw.get("Node Type", "Unknown"))
    details = {key: value for key, value in raw.items() if key != "Plans"}
    loops = round_or_none(to_number(raw.get("Actual Loops")))
    below = NodeContext(_process_count(raw), around.dist) if kind.startswith("Gather") else around
    return PlanNode(
        kind=RENAMED.get(kind, kind),
        children=tuple(_read_node(plan, below) for plan in _child_plans(raw)),
        relation=_text_or_none(raw.get("Relation Name")),
        index=_text_or_none(raw.get("Index Name")),
        role=_text_or_none(raw.get("Subplan Name")) or _text_or_none(raw.get("Parent Relationship")),
        loops=loops,
        rows=sum_over_loops(raw.get("Actual Rows"), loops),
        estimated_rows=to_number(raw.get("Plan Rows")),
        # Several filters of one node may remove rows; releases print them under different keys.
        removed=sum(sum_over_loops(raw.get(key), loops) or 0.0 for key in REMOVED),
        total_ms=_elapsed_ms(raw.get("Actual Total Time"), loops, around.processes),
        requests=_storage_requests(raw, loops) if around.dist else None,
        details=details,
    )


def _process_count(raw: Mapping[str, object]) -> int:
    """Processes below a Gather: the workers that started, and the leader, which runs the plan too."""
    return max(round_or_none(to_number(raw.get("Workers Launched"))) or 0, 0) + 1


def sum_over_loops(average: object, loops: int | None) -> float | None:
    """The sum over all loops and processes: EXPLAIN prints rows and removed rows divided by the loops."""
    value = to_number(average)
    return None if value is None else to_number(value * (1 if loops is None else loops))


def _elapsed_ms(average: object, loops: int | None, processes: int) -> float | None:
    """
    Milliseconds of all loops in elapsed time.

    Below a Gather the loops of all processes are added up, but run in parallel. A node with fewer loops than processes
    ran in that many processes only (a member of a Parallel Append, or a leader that only gathered).
    """
    total = sum_over_loops(average, loops)
    # A node that ran once in a leader must not be divided by the number of workers.
    return None if total is None else total / max(min(processes, loops or 1), 1)


def _storage_requests(raw: Mapping[str, object], loops: int | None) -> int:
    """Reads of table and index. Each is printed per loop, rounded to whole requests (2.19 explain.c)."""
    return sum(round_or_none(sum_over_loops(raw.get(key), loops)) or 0 for key in REQUESTS)


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
