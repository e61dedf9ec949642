"""Symptoms of too much work on the rows: joins, spills, wrong estimates, generic plans, compilation."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes, format_count, format_duration, format_number
from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.model.workload import MeasuredCall
from kinetune.plans.nodes import node_title, to_number
from kinetune.plans.reads import ROWS_PER_REQUEST, executed_scans, is_distributed, is_partial_aggregate, rows_read

MANY_REQUESTS = 100  # a batched join needs one for 1,024 rows; at 1 ms each, a hundred are noticeable
MANY_LOOPS = 1_000
MOST_TIME = 0.5
NOTABLE_CALL_MS = 10.0  # a call that takes less is not worth a change
OFF_BY = 10.0  # smaller errors seldom change the plan
OFF_LEAST = 100.0
GENERIC_FACTOR = 2.0
GENERIC_MS = 5.0
DISTURBED_MS = 50.0  # a shorter wait in each of a few runs may be for a processor or disk that others use
# From memory: 16,067 rows and 302 blocks took as long as 7,184 rows and 1,376 blocks (PostgreSQL 15).
ROWS_PER_BLOCK = 8
CHOICE = {True: "chooses", None: "may choose", False: "does not choose"}
JIT_SHARE = 0.2
PLANTED = (
    "no action if kinetune init set the statistics (they describe every prefix as small, which gives better plans); "
    "otherwise run kinetune check --select KT402,KT403"
)
LARGEST_MB = 256  # of work_mem recommended: each sort of each connection may use it


def row_by_row_join(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """YugabyteDB sends a request for each row; on PostgreSQL a nested loop matters if it takes most of the time."""
    for node in plan.nodes():
        inner = _inner_side(node)
        # YB Batched Nested Loop is a different node type: it reads many rows with one request.
        if node.kind != "Nested Loop" or inner is None or node.loops == 0:
            continue
        requests = sum(below.requests or 0 for below in inner.walk())
        loops = inner.loops or 0
        if is_distributed(plan) and requests >= MANY_REQUESTS and loops >= MANY_REQUESTS:
            yield _remark_request_each(measured, plan, requests)
        elif not is_distributed(plan) and loops >= MANY_LOOPS and _takes_most_time(inner, plan):
            yield _remark_lookup_each(measured, inner)


def _inner_side(join: PlanNode) -> PlanNode | None:
    return next((child for child in join.children if child.details.get("Parent Relationship") == "Inner"), None)


def _takes_most_time(node: PlanNode, plan: QueryPlan) -> bool:
    """By own time: a CTE that happens to be evaluated on the inner side is not part of the join."""
    total = plan.root.total_ms or 0.0
    return total >= NOTABLE_CALL_MS and sum(below.own_ms or 0.0 for below in node.walk()) > MOST_TIME * total


def _remark_request_each(measured: MeasuredCall, plan: QueryPlan, requests: int) -> Remark:
    return Remark(
        symptom="row-by-row-join",
        on=measured.call.query.name,
        says=f"reads rows one by one: {format_number(requests)} of {format_number(plan.requests or requests)} storage "
        "requests; every object in the list needs a network round trip",
        do="kinetune init, or ALTER DATABASE <database> SET yb_bnl_batch_size = 1024",
        severity=Severity.ERROR,
    )


def _remark_lookup_each(measured: MeasuredCall, inner: PlanNode) -> Remark:
    return Remark(
        symptom="row-by-row-join",
        on=inner.index or measured.call.query.name,
        says=f"reads {format_number(inner.loops or 0)} rows one by one by {node_title(inner)}, most of the time of the "
        "call",
        do="kinetune analyze, then kinetune init --dry-run; if neither helps, reduce the number of these objects",
        severity=Severity.INFO,
    )


def sort_spilled(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """A sort did not fit into work_mem and used temporary files."""
    sorts = [node.details for node in plan.nodes() if node.details.get("Sort Space Type") == "Disk"]
    if sorts:
        yield _remark_spilled(
            "sort-spilled", measured, max(to_number(sort.get("Sort Space Used")) or 0.0 for sort in sorts)
        )


def hash_spilled(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """A hash table did not fit into work_mem × hash_mem_multiplier and was written to disk in batches."""
    # Only the largest: work_mem must be sufficient for each single operation.
    spilled = max(map(_hash_disk_kb, plan.nodes()))
    if spilled > 0:
        yield _remark_spilled("hash-spilled", measured, spilled)


def _hash_disk_kb(node: PlanNode) -> float:
    """Kilobytes on disk: an aggregate prints them, a join prints how often it filled its memory."""
    disk = to_number(node.details.get("Disk Usage")) or 0.0
    batches = to_number(node.details.get("Hash Batches")) or 1.0
    memory = to_number(node.details.get("Peak Memory Usage")) or 0.0
    return disk or (batches * memory if batches > 1 else 0.0)


def _remark_spilled(symptom: str, measured: MeasuredCall, kilobytes: float) -> Remark:
    what = symptom.removesuffix("-spilled")
    return Remark(
        symptom=symptom,
        on=measured.call.query.name,
        says=f"the {what} did not fit into work_mem and used about {format_bytes(1024 * kilobytes)} of disk",
        do=f"ALTER DATABASE <database> SET work_mem = '{_memory_for(kilobytes)}MB'",
    )


def _memory_for(kilobytes: float) -> int:
    """MB of work_mem, a power of two, for three times as much: rows are wider in memory than on disk."""
    wanted = 8
    while wanted * 1024 < 3 * kilobytes and wanted < LARGEST_MB:
        wanted *= 2
    return wanted


def estimate_off(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """A scan returned at least ten times as many rows as the planner expected."""
    off = [node for node in _estimated_scans(plan) if _estimate_factor(node) >= OFF_BY]
    # The largest error only: estimates above it are wrong because of it.
    for node in sorted(off, key=_estimate_factor)[-1:]:
        expected, seen = node.estimated_rows or 0.0, _rows_a_loop(node)
        yield Remark(
            symptom="estimate-off",
            on=measured.call.query.name,
            says=f"the planner expected {format_count(expected, 'row')} of {node_title(node)} and got "
            f"{format_number(seen)}: statistics are missing or out of date",
            do=PLANTED if is_distributed(plan) else "ANALYZE kine",
            severity=Severity.WARNING
            if (plan.root.total_ms or 0.0) >= NOTABLE_CALL_MS and not is_distributed(plan)
            else Severity.INFO,
        )


def _estimated_scans(plan: QueryPlan) -> Iterator[PlanNode]:
    """
    Scans of kine whose estimate can be compared: not the inner side of a batched join (estimated for one row, counted
    for a batch) and not one that aggregates in the storage.
    """
    batched = {
        id(below)
        for join in plan.nodes()
        if join.kind == "YB Batched Nested Loop" and (inner := _inner_side(join))
        for below in inner.walk()
    }
    return (node for node in executed_scans(plan) if id(node) not in batched and not is_partial_aggregate(node))


def _rows_a_loop(node: PlanNode) -> float:
    return (node.rows or 0.0) / (node.loops or 1)


def _estimate_factor(node: PlanNode) -> float:
    """Rows returned for each expected one. Fewer rows than expected are common and harmless: a LIMIT was reached."""
    seen = _rows_a_loop(node)
    return 0.0 if node.estimated_rows is None or seen < OFF_LEAST else seen / max(node.estimated_rows, 1.0)


def generic_worse(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """
    The generic plan, which a prepared statement may get after five executions, is much slower than the custom plan.

    Compared by time, and also by work where the machine may have been busy: most calls have two plans that read about
    as much in a different order and take equally long.
    """
    usual, generic = measured.milliseconds, measured.generic_milliseconds
    # Below 5 ms the difference is not noticeable, and short times vary most.
    if usual is None or generic is None or generic <= GENERIC_MS or generic <= GENERIC_FACTOR * usual:
        return
    if (
        measured.generic
        and generic - usual <= DISTURBED_MS
        and _work_in_rows(measured.generic) <= GENERIC_FACTOR * _work_in_rows(plan)
    ):
        return
    yield Remark(
        symptom="generic-worse",
        on=measured.call.query.name,
        says=f"the generic plan takes {format_duration(generic)} instead of {format_duration(usual)}; "
        f"after five executions on a connection the server {CHOICE[measured.generic_chosen]} it",
        do="ALTER DATABASE <database> SET plan_cache_mode = force_custom_plan (before PostgreSQL 12: "
        "default_query_exec_mode=exec in Kine's endpoint)",
        severity=Severity.WARNING if measured.generic_chosen else Severity.INFO,
    )


def _work_in_rows(plan: QueryPlan) -> float:
    """What was read and returned, in rows: the same in every run, however busy the machine is."""
    rows = sum(map(rows_read, plan.nodes()))
    return rows + ROWS_PER_BLOCK * (plan.blocks or 0) + ROWS_PER_REQUEST * (plan.requests or 0)


def jit_cost(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """JIT compilation takes a large part of the time; Kine's queries are too short for it to pay off."""
    # From PostgreSQL 12 on, plans with a high estimated cost are compiled by default.
    jit = plan.totals.get("JIT")
    timing = jit.get("Timing") if isinstance(jit, dict) else None
    spent = (to_number(timing.get("Total")) if isinstance(timing, dict) else None) or 0.0
    if spent >= NOTABLE_CALL_MS and spent >= JIT_SHARE * (plan.execution_ms or 0.0):
        yield Remark(
            symptom="jit-cost",
            on=measured.call.query.name,
            says=f"JIT compilation takes {format_duration(spent)} of {format_duration(plan.execution_ms or spent)}",
            do="ALTER DATABASE <database> SET jit = off",
        )
