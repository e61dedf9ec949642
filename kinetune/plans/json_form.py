"""EXPLAIN (FORMAT JSON) of PostgreSQL 11 to 18 and of YugabyteDB, read into a Plan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kinetune.model.plan import Node, Plan
from kinetune.plans.charge import settled, touched
from kinetune.plans.numbers import number, whole

# Names of YugabyteDB 2.17–2.19 (#17671) and of the text form, for what later releases call otherwise.
RENAMED = {"YB Seq Scan": "Seq Scan", "YB Batched Nested Loop Join": "YB Batched Nested Loop"}
REQUESTS = ("Storage Table Read Requests", "Storage Index Read Requests")
REMOVED = (
    "Rows Removed by Filter",
    "Rows Removed by Join Filter",
    "Rows Removed by Index Recheck",
    "Rows Removed by Conflict Filter",
    "Rows Removed by Storage Recheck",
)


@dataclass(frozen=True)
class Surroundings:
    """What a node cannot say itself: `processes` that run it side by side, whether DIST was asked for."""

    processes: int
    dist: bool


def read(document: object) -> Plan:
    """
    The plan of one EXPLAIN, given as text or as parsed JSON: `[{"Plan": …}]`, `{"Plan": …}`.

    Keys that are not known here stay in `details` and `totals`; values of an unexpected type count as not said.
    ValueError when there is no plan in it. `requests` of a server that prints them per node only (SUMMARY OFF) are
    their sum.
    """
    top = _top(document)
    raw = top["Plan"]
    assert isinstance(raw, Mapping)
    totals = {key: value for key, value in top.items() if key != "Plan"}
    root = settled(_node(raw, Surroundings(1, _says_requests(raw, totals))))
    return Plan(
        root=root,
        planning_ms=number(totals.get("Planning Time")),
        execution_ms=number(totals.get("Execution Time")),
        blocks=whole(touched(root)),
        requests=_requests(root, totals),
        totals=totals,
    )


def _top(document: object) -> Mapping[str, object]:
    parsed = json.loads(document) if isinstance(document, str | bytes) else document
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    plan = parsed.get("Plan") if isinstance(parsed, Mapping) else None
    if not isinstance(plan, Mapping) or not isinstance(plan.get("Node Type"), str):
        raise ValueError('no plan: EXPLAIN (FORMAT JSON) answers [{"Plan": {"Node Type": …}}]')
    assert isinstance(parsed, Mapping)
    return parsed


def _plans(raw: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    below = raw.get("Plans")
    return (plan for plan in below if isinstance(plan, Mapping)) if isinstance(below, list) else iter(())


def _says_requests(raw: Mapping[str, object], totals: Mapping[str, object]) -> bool:
    """Whether DIST was on. A node prints its counters only above zero, so silence of a node means zero then."""
    return (
        "Storage Read Requests" in totals
        or any(key in raw for key in REQUESTS)
        or any(_says_requests(plan, {}) for plan in _plans(raw))
    )


def _requests(root: Node, totals: Mapping[str, object]) -> int | None:
    said = whole(number(totals.get("Storage Read Requests")))
    if said is not None or root.requests is None:
        return said
    return sum(node.requests or 0 for node in root.walk())


def _node(raw: Mapping[str, object], around: Surroundings) -> Node:
    kind = str(raw.get("Node Type", "Unknown"))
    details = {key: value for key, value in raw.items() if key != "Plans"}
    loops = whole(number(raw.get("Actual Loops")))
    below = Surroundings(_processes(raw), around.dist) if kind.startswith("Gather") else around
    return Node(
        kind=RENAMED.get(kind, kind),
        children=tuple(_node(plan, below) for plan in _plans(raw)),
        relation=_text(raw.get("Relation Name")),
        index=_text(raw.get("Index Name")),
        role=_text(raw.get("Subplan Name")) or _text(raw.get("Parent Relationship")),
        loops=loops,
        rows=over_loops(raw.get("Actual Rows"), loops),
        estimated_rows=number(raw.get("Plan Rows")),
        removed=sum(over_loops(raw.get(key), loops) or 0.0 for key in REMOVED),
        total_ms=_on_the_clock(raw.get("Actual Total Time"), loops, around.processes),
        requests=_storage_requests(raw, loops) if around.dist else None,
        details=details,
    )


def _processes(raw: Mapping[str, object]) -> int:
    """Processes below a Gather: the workers that started, and the leader, who helps."""
    return max(whole(number(raw.get("Workers Launched"))) or 0, 0) + 1


def over_loops(average: object, loops: int | None) -> float | None:
    """EXPLAIN divides rows and removed rows by the loops of all processes; this is the sum again."""
    value = number(average)
    return None if value is None else number(value * (1 if loops is None else loops))


def _on_the_clock(average: object, loops: int | None, processes: int) -> float | None:
    """
    Milliseconds of all loops as a clock on the wall sees them.

    Below a Gather the loops of all processes are counted together but run side by side: they share the time. A node
    with fewer loops than processes ran in that many only (a member of a Parallel Append, a leader that did not help).
    """
    total = over_loops(average, loops)
    return None if total is None else total / max(min(processes, loops or 1), 1)


def _storage_requests(raw: Mapping[str, object], loops: int | None) -> int:
    """Reads of table and index. Each is printed per loop, rounded to whole requests (2.19 explain.c)."""
    return sum(whole(over_loops(raw.get(key), loops)) or 0 for key in REQUESTS)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
