"""Symptoms that only YugabyteDB has: more requests to the storage than the result needs."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_count, format_number
from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.model.workload import MeasuredCall
from kinetune.plans.access import WASTE, is_wasteful_whole
from kinetune.plans.effort import MANY_REQUESTS
from kinetune.plans.nodes import is_detached, node_title
from kinetune.plans.reads import (
    SLOW_MS,
    SOME_ROWS,
    ScanReads,
    executed_scans,
    is_distributed,
    is_sequential,
    least_requests,
    rows_read,
    scan_reads,
)

LIMITED_LEAST = 2  # a LIMIT of 1 is MAX(id) or a single object
ROWS_PER_RETURNED = 2.0  # reading fewer rows for each returned one costs no noticeable time
TOO_MANY = 2.0  # requests for each that is needed
TOO_MANY_LEAST = 4
EXPERIMENTS_PAGE = "docs/experimental-schema.md"
LOST_JOINS = ("Hash Join", "Merge Join")


def limit_applied_late(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """A page has 500 objects, but the whole prefix is read, joined and sorted before the LIMIT is applied."""
    if not is_distributed(plan):
        return
    for node in plan.nodes():
        source = _sorted_input(node) if node.kind == "Limit" else None
        if (
            source is None
            or (node.rows or 0) < LIMITED_LEAST
            or (source.rows or 0) < ROWS_PER_RETURNED * (node.rows or 0)
        ):
            continue
        cause, helps = _why_applied_late(node)
        yield Remark(
            symptom="limit-applied-late",
            on=measured.call.query.name,
            says=f"LIMIT {format_number(node.rows or 0)} reads all {format_count(source.rows or 0.0, 'row')}: {cause}",
            do=helps,
            severity=Severity.WARNING if (plan.root.total_ms or 0.0) >= SLOW_MS else Severity.INFO,
        )
        return


def _sorted_input(limit: PlanNode) -> PlanNode | None:
    """The input that a sort below the LIMIT reads before it returns its first row; None without a sort."""
    node, below_sort = limit, False
    while True:
        children = [child for child in node.children if not is_detached(child)]
        # Below a join or an append it is not clear which input the LIMIT would shorten.
        if len(children) != 1:
            return node if below_sort else None
        below_sort = below_sort or node.kind == "Sort"
        if below_sort and node.kind not in ("Sort", "Limit", "Unique", "Subquery Scan"):
            return node
        (node,) = children


def _why_applied_late(limit: PlanNode) -> tuple[str, str]:
    attached = [node for node in limit.walk() if not is_detached(node)]
    if any(node.kind == "CTE Scan" for node in attached):
        return (
            "the PostgreSQL 11 base evaluates CTEs in full; 2025.1 and later should stop early, which was not measured",
            f"use YugabyteDB 2025.1 or newer; for older releases {EXPERIMENTS_PAGE} has settings to try",
        )
    keys = str(next((node.details.get("Sort Key") for node in attached if node.kind == "Sort"), ""))
    if "name" not in keys:
        return (
            "this Kine orders lists by revision, which is known only after all rows are joined",
            "use Kine v0.13.0 or newer, then kinetune init",
        )
    if any(node.details.get("Group Key") for node in attached):
        return (
            "this Kine groups all revisions by name before it applies the LIMIT",
            "use Kine v0.17.1 or newer, which applies the LIMIT to the keys",
        )
    return (
        "the rows are not read in the order of their keys and must be sorted first",
        f"run kinetune init --dry-run; if there is nothing to do, {EXPERIMENTS_PAGE} has settings to try",
    )


def batched_join_lost(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """A merge or hash join reads the whole table where a batched join would read only the needed rows (TA-28222)."""
    if not is_distributed(plan):
        return
    for node in plan.nodes():
        wholes = [scan for scan in _attached_below(node) if _is_read_through(scan)] if node.kind in LOST_JOINS else []
        if len(wholes) != 1:  # both sides are whole reads: a table sharded by hash, which whole-table-read reports
            continue
        (whole,) = wholes
        if rows_read(whole) >= SOME_ROWS and rows_read(whole) >= ROWS_PER_RETURNED * (node.rows or 0.0):
            yield _remark_lost_join(measured, node, whole)


def _remark_lost_join(measured: MeasuredCall, join: PlanNode, whole: PlanNode) -> Remark:
    return Remark(
        symptom="batched-join-lost",
        on=measured.call.query.name,
        says=f"a {join.kind.lower()} reads {format_number(rows_read(whole))} rows by {node_title(whole)} to keep "
        f"{format_number(join.rows or 0.0)}; a batched join would read only those",
        do="kinetune init --dry-run, which shows whether the planner uses statistics and the cost model (KT403; "
        "advisory TA-28222)",
        severity=Severity.WARNING,
    )


def _attached_below(join: PlanNode) -> Iterator[PlanNode]:
    """What runs below the join itself, without InitPlans and CTEs."""
    for child in join.children:
        if not is_detached(child):
            yield child
            yield from _attached_below(child)


def _is_read_through(node: PlanNode) -> bool:
    """Read from end to end: no condition limits where the storage begins."""
    return node.relation == "kine" and node.loops != 0 and (is_sequential(node) or not node.details.get("Index Cond"))


def backward_scan(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """
    An index is read backwards for many rows: the storage iterates forward only, so that each row needs a new seek.

    Newer releases may have use_fast_backward_scan; its default is not known (docs/facts/yugabytedb.md §3.6).
    """
    if not is_distributed(plan):
        return
    # MAX(id) reads one row backwards, which costs nothing: only scans of many rows matter.
    back = [node for node in executed_scans(plan) if node.details.get("Scan Direction") == "Backward"]
    for node in sorted((one for one in back if rows_read(one) >= SOME_ROWS), key=rows_read)[-1:]:
        yield Remark(
            symptom="backward-scan",
            on=node.index or measured.call.query.name,
            says=f"{node_title(node)} reads {format_number(rows_read(node))} rows against the storage order",
            do="kinetune init --dry-run: kine_list_query_index stores ids in descending order",
            severity=Severity.WARNING if (node.own_ms or 0.0) >= SLOW_MS else Severity.INFO,
        )


def more_requests(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """At least twice the requests that the result needs, and four more, unless a more specific symptom explains it."""
    least = least_requests(plan, measured.page)
    if not least or plan.requests is None or any(is_wasteful_whole(node) for node in executed_scans(plan)):
        return
    if plan.requests < TOO_MANY * least or plan.requests - least < TOO_MANY_LEAST:
        return
    # The scan with the largest excess explains most of the difference.
    worst = max(scan_reads(plan, measured.page), key=lambda step: step.requests - step.least)
    why = _why_more(worst, is_limited=any(limit_applied_late(measured, plan)))
    if not why or (worst.node.loops or 1) >= MANY_REQUESTS:  # row-by-row-join reports it
        return
    yield Remark(
        symptom="more-requests-than-needed",
        on=worst.node.index or measured.call.query.name,
        says=f"{format_count(plan.requests, 'request')}, at least {format_number(least)} needed: "
        f"{node_title(worst.node)} takes {format_number(worst.requests)} instead of {format_number(worst.least)}, "
        f"{why}",
        do="kinetune explain --compare-profiles article,tuned shows which indexes need fewer requests on this store",
        severity=Severity.INFO,
    )


def _why_more(step: ScanReads, *, is_limited: bool) -> str:
    """
    The index lacks a column, so that each of its pages needs a request to the table too; or old revisions are read.

    Empty where the revisions are as many as compaction leaves, or where a LIMIT that is applied late explains them.
    """
    # kine_pkey is the table itself on YugabyteDB: a lookup through it needs one request only.
    if step.node.kind == "Index Scan" and step.node.index != "kine_pkey":
        return "one to the table for each one to the index"
    if is_limited or step.rows < WASTE * max(step.least_rows, 1.0):
        return ""
    return f"for {format_number(step.rows)} rows instead of {format_number(step.least_rows)}"
