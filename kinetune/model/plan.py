"""A plan as EXPLAIN prints it, with every key kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PlanNode:
    """
    One node of a plan.

    `rows`, `removed` and `total_ms` are over all loops (EXPLAIN prints averages); `estimated_rows` is of one loop, as
    the planner writes it. `own_ms` is the time without children, InitPlans and CTEs. Blocks are shared-buffer
    blocks of 8 KiB touched by this node alone; `requests` are YugabyteDB's storage read requests of this node over all
    loops. None means that EXPLAIN did not print it. `details` holds every key as printed.
    """

    kind: str
    children: tuple[PlanNode, ...] = ()
    relation: str | None = None
    index: str | None = None
    role: str | None = None
    loops: int | None = None
    rows: float | None = None
    estimated_rows: float | None = None
    removed: float = 0.0
    total_ms: float | None = None
    own_ms: float | None = None
    own_blocks: int | None = None
    requests: int | None = None
    details: Mapping[str, object] = field(default_factory=dict)

    def walk(self) -> Iterator[PlanNode]:
        """This node and all below it, depth first, in the order of EXPLAIN."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class QueryPlan:
    """
    A plan with its totals. Times in milliseconds; None where not measured (no ANALYZE, no SUMMARY).

    `blocks` are shared blocks hit or read by the whole query (None without BUFFERS), `requests` YugabyteDB's Storage
    Read Requests (None without DIST). `distributed` is whether YugabyteDB made the plan. `totals` holds every key
    beside the plan as printed.
    """

    root: PlanNode
    planning_ms: float | None = None
    execution_ms: float | None = None
    blocks: int | None = None
    requests: int | None = None
    distributed: bool = False
    totals: Mapping[str, object] = field(default_factory=dict)

    def nodes(self) -> Iterator[PlanNode]:
        return self.root.walk()
