"""Symptoms that only YugabyteDB has: what crosses the network more often than the answer needs."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import Node, Plan
from kinetune.model.workload import Measured
from kinetune.plans.access import WASTE, is_wasteful_whole
from kinetune.plans.charge import is_detached
from kinetune.plans.effort import MANY_REQUESTS
from kinetune.plans.least import Step, least_requests, steps
from kinetune.plans.names import title
from kinetune.plans.numbers import count, counted
from kinetune.plans.reads import SLOW_MS, SOME_ROWS, is_distributed, is_sequential, rows_read, scans

LIMITED_LEAST = 2  # a LIMIT of 1 is MAX(id) or a single object
IN_VAIN = 2.0  # rows read for one that the LIMIT lets through; below, it hardly matters
TOO_MANY = 2.0  # requests for one that is needed
TOO_MANY_LEAST = 4
PAGES = "docs/yugabytedb-profiles.md"
LOST_JOINS = ("Hash Join", "Merge Join")


def limit_in_vain(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """A page asks for 500 objects and the whole prefix is read, joined and sorted before the LIMIT is applied."""
    if not is_distributed(plan):
        return
    for node in plan.nodes():
        source = _sorted_input(node) if node.kind == "Limit" else None
        if source is None or (node.rows or 0) < LIMITED_LEAST or (source.rows or 0) < IN_VAIN * (node.rows or 0):
            continue
        cause, helps = _why_in_vain(node)
        yield Remark(
            symptom="limit-in-vain",
            on=measured.call.query.name,
            says=f"LIMIT {count(node.rows or 0)} reads all {counted(source.rows or 0.0, 'row')}: {cause}",
            do=helps,
            severity=Severity.WARNING if (plan.root.total_ms or 0.0) >= SLOW_MS else Severity.INFO,
        )
        return


def _sorted_input(limit: Node) -> Node | None:
    """What a sort below the LIMIT had to take in before it could give its first row; None where nothing is sorted."""
    node, below_sort = limit, False
    while True:
        children = [child for child in node.children if not is_detached(child)]
        if len(children) != 1:
            return node if below_sort else None
        below_sort = below_sort or node.kind == "Sort"
        if below_sort and node.kind not in ("Sort", "Limit", "Unique", "Subquery Scan"):
            return node
        (node,) = children


def _why_in_vain(limit: Node) -> tuple[str, str]:
    attached = [node for node in limit.walk() if not is_detached(node)]
    if any(node.kind == "CTE Scan" for node in attached):
        return (
            "the PostgreSQL 11 base evaluates CTEs in full; 2025.1 and later should stop early, which was not measured",
            f"YugabyteDB 2025.1 or newer; before: kinetune init --experimental prints what may help ({PAGES})",
        )
    keys = str(next((node.details.get("Sort Key") for node in attached if node.kind == "Sort"), ""))
    if "name" not in keys:
        return (
            "this Kine wants them in the order of their revisions, which are known last",
            "Kine v0.13.0 or newer, and kinetune init for it",
        )
    if any(node.details.get("Group Key") for node in attached):
        return (
            "this Kine groups all revisions by name before it knows which are the first",
            "Kine v0.17.1 or newer, whose lists look for keys first",
        )
    return (
        "they do not come in the order of their keys and are sorted first",
        "kinetune init --dry-run; where nothing is left to do, kinetune init --experimental",
    )


def batched_join_lost(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """A merge or hash join reads the table whole where a batched one would fetch what is needed (TA-28222)."""
    if not is_distributed(plan):
        return
    for node in plan.nodes():
        wholes = [scan for scan in _feeding(node) if _is_read_through(scan)] if node.kind in LOST_JOINS else []
        if len(wholes) != 1:  # both sides whole: sharded by hash, which another symptom says
            continue
        (whole,) = wholes
        if rows_read(whole) >= SOME_ROWS and rows_read(whole) >= IN_VAIN * (node.rows or 0.0):
            yield _lost(measured, node, whole)


def _lost(measured: Measured, join: Node, whole: Node) -> Remark:
    return Remark(
        symptom="batched-join-lost",
        on=measured.call.query.name,
        says=f"a {join.kind.lower()} reads {count(rows_read(whole))} rows by {title(whole)} to keep "
        f"{count(join.rows or 0.0)}, where a batched join asks for those alone",
        do="kinetune init --dry-run, which shows whether the planner uses statistics and cost model (KT403; advisory "
        "TA-28222)",
        severity=Severity.WARNING,
    )


def _feeding(join: Node) -> Iterator[Node]:
    """What runs below the join itself, without InitPlans and CTEs."""
    for child in join.children:
        if not is_detached(child):
            yield child
            yield from _feeding(child)


def _is_read_through(node: Node) -> bool:
    """Read from end to end: no condition tells the storage where to begin."""
    return node.relation == "kine" and node.loops != 0 and (is_sequential(node) or not node.details.get("Index Cond"))


def backward_scan(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """
    An index is read backwards for many rows: the storage goes forward only, and steps back one row at a time.

    Newer releases may have use_fast_backward_scan; its default is not known (facts/yugabytedb.md §3.6).
    """
    if not is_distributed(plan):
        return
    back = [node for node in scans(plan) if node.details.get("Scan Direction") == "Backward"]
    for node in sorted((one for one in back if rows_read(one) >= SOME_ROWS), key=rows_read)[-1:]:
        yield Remark(
            symptom="backward-scan",
            on=node.index or measured.call.query.name,
            says=f"{title(node)} reads {count(rows_read(node))} rows against the order in which they are stored",
            do="kinetune init --dry-run: kine_list_query_index keeps ids in descending order",
            severity=Severity.WARNING if (node.own_ms or 0.0) >= SLOW_MS else Severity.INFO,
        )


def more_requests(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """Twice the requests that the answer needs, and four more; what other symptoms say better is left to them."""
    least = least_requests(plan, measured.page)
    if not least or plan.requests is None or any(is_wasteful_whole(node) for node in scans(plan)):
        return
    if plan.requests < TOO_MANY * least or plan.requests - least < TOO_MANY_LEAST:
        return
    worst = max(steps(plan, measured.page), key=lambda step: step.requests - step.least)
    why = _why_more(worst, is_limited=any(limit_in_vain(measured, plan)))
    if not why or (worst.node.loops or 1) >= MANY_REQUESTS:  # row by row: that symptom says it
        return
    yield Remark(
        symptom="more-requests-than-needed",
        on=worst.node.index or measured.call.query.name,
        says=f"{counted(plan.requests, 'request')} of at least {count(least)}: {title(worst.node)} takes "
        f"{count(worst.requests)} where {count(worst.least)} would do, {why}",
        do="kinetune explain --compare article,tuned shows which indexes take fewer here",
        severity=Severity.INFO,
    )


def _why_more(step: Step, *, is_limited: bool) -> str:
    """
    The index lacks a column, so that each page of it costs one of the table too; or revisions are read as well.

    Empty where the revisions are as many as compaction leaves, or where a LIMIT in vain has them read.
    """
    if step.node.kind == "Index Scan" and step.node.index != "kine_pkey":
        return "one of the table for each of the index"
    if is_limited or step.rows < WASTE * max(step.least_rows, 1.0):
        return ""
    return f"for {count(step.rows)} rows instead of {count(step.least_rows)}"
