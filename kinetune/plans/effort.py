"""Symptoms of working too hard on the rows: joins, spills, estimates, plans for unknown arguments, compilation."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import Node, Plan
from kinetune.model.workload import Measured
from kinetune.plans.names import title
from kinetune.plans.numbers import count, counted, milliseconds, number
from kinetune.plans.reads import is_distributed, is_partial_aggregate, rows_read, scans

MANY_REQUESTS = 100  # a batched join needs one for 1,024 rows; at 1 ms each a hundred are felt
MANY_LOOPS = 1_000
DOMINATES = 0.5
FELT_MS = 10.0  # of a whole call, below it no advice is worth a change
OFF_BY = 10.0  # the planner lives with less
OFF_LEAST = 100.0
GENERIC_FACTOR = 2.0
GENERIC_MS = 5.0
DISTURBED_MS = 50.0  # shorter waits, in each of a few runs, may be for a processor or a disk that others use
ROWS_A_BLOCK = 8  # from memory: 16,067 rows and 302 blocks took as long as 7,184 and 1,376 (PostgreSQL 15)
ROWS_A_REQUEST = 1024
CHOICE = {True: "chooses", None: "may choose", False: "does not choose"}
JIT_SHARE = 0.2
PLANTED = (
    "nothing, where kinetune init planted the statistics: they take every prefix for small, which gives better plans; "
    "else kinetune check --select KT402,KT403"
)
LARGEST_MB = 256  # of work_mem advised: every sort of every connection may take it


def row_by_row_join(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """YugabyteDB asks the storage once a row; on PostgreSQL a nested loop is cheap unless it is most of the call."""
    for node in plan.nodes():
        inner = _inner(node)
        if node.kind != "Nested Loop" or inner is None or node.loops == 0:
            continue
        requests = sum(below.requests or 0 for below in inner.walk())
        loops = inner.loops or 0
        if is_distributed(plan) and requests >= MANY_REQUESTS and loops >= MANY_REQUESTS:
            yield _one_request_each(measured, plan, requests)
        elif not is_distributed(plan) and loops >= MANY_LOOPS and _dominates(inner, plan):
            yield _one_lookup_each(measured, inner)


def _inner(join: Node) -> Node | None:
    return next((child for child in join.children if child.details.get("Parent Relationship") == "Inner"), None)


def _dominates(node: Node, plan: Plan) -> bool:
    """Own time and not inclusive: a CTE that runs first in the inner side is no fault of the join."""
    total = plan.root.total_ms or 0.0
    return total >= FELT_MS and sum(below.own_ms or 0.0 for below in node.walk()) > DOMINATES * total


def _one_request_each(measured: Measured, plan: Plan, requests: int) -> Remark:
    return Remark(
        symptom="row-by-row-join",
        on=measured.call.query.name,
        says=f"fetches rows one by one: {count(requests)} of {count(plan.requests or requests)} storage requests; "
        "every object in the list is a trip over the network",
        do="kinetune init, or ALTER DATABASE <database> SET yb_bnl_batch_size = 1024",
        severity=Severity.ERROR,
    )


def _one_lookup_each(measured: Measured, inner: Node) -> Remark:
    return Remark(
        symptom="row-by-row-join",
        on=inner.index or measured.call.query.name,
        says=f"looks up {count(inner.loops or 0)} rows one by one by {title(inner)}, which is most of the time",
        do="kinetune analyze, then kinetune init --dry-run; where neither changes it, only fewer objects of it do",
        severity=Severity.INFO,
    )


def sort_spilled(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """A sort did not fit into work_mem and went to disk."""
    sorts = [node.details for node in plan.nodes() if node.details.get("Sort Space Type") == "Disk"]
    if sorts:
        yield _spilled("sort-spilled", measured, max(number(sort.get("Sort Space Used")) or 0.0 for sort in sorts))


def hash_spilled(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """A hash table did not fit into work_mem × hash_mem_multiplier and went to disk in batches."""
    spilled = max(map(_hashed_to_disk, plan.nodes()))
    if spilled > 0:
        yield _spilled("hash-spilled", measured, spilled)


def _hashed_to_disk(node: Node) -> float:
    """Kilobytes: an aggregate says them, a join says how many times it filled its memory."""
    disk = number(node.details.get("Disk Usage")) or 0.0
    batches = number(node.details.get("Hash Batches")) or 1.0
    memory = number(node.details.get("Peak Memory Usage")) or 0.0
    return disk or (batches * memory if batches > 1 else 0.0)


def _spilled(symptom: str, measured: Measured, kilobytes: float) -> Remark:
    what = symptom.removesuffix("-spilled")
    return Remark(
        symptom=symptom,
        on=measured.call.query.name,
        says=f"the {what} did not fit into memory and used about {count(kilobytes)} kB of disk",
        do=f"ALTER DATABASE <database> SET work_mem = '{_megabytes(kilobytes)}MB'",
    )


def _megabytes(kilobytes: float) -> int:
    """The power of two that holds three times as much: rows are wider in memory than on disk."""
    wanted = 8
    while wanted * 1024 < 3 * kilobytes and wanted < LARGEST_MB:
        wanted *= 2
    return wanted


def estimate_off(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """The planner expected ten times fewer rows than came."""
    off = [node for node in _countable(plan) if _factor(node) >= OFF_BY]
    for node in sorted(off, key=_factor)[-1:]:
        expected, seen = node.estimated_rows or 0.0, _rows_a_loop(node)
        yield Remark(
            symptom="estimate-off",
            on=measured.call.query.name,
            says=f"the planner expected {counted(expected, 'row')} of {title(node)} and got {count(seen)}: "
            "it chooses by old or missing statistics",
            do=PLANTED if is_distributed(plan) else "ANALYZE kine",
            severity=Severity.WARNING
            if (plan.root.total_ms or 0.0) >= FELT_MS and not is_distributed(plan)
            else Severity.INFO,
        )


def _countable(plan: Plan) -> Iterator[Node]:
    """
    Scans of kine whose estimate means what it says: not the inner side of a batched join (estimated for one row,
    counted for a batch) and not one that aggregates in the storage.
    """
    batched = {
        id(below)
        for join in plan.nodes()
        if join.kind == "YB Batched Nested Loop" and (inner := _inner(join))
        for below in inner.walk()
    }
    return (node for node in scans(plan) if id(node) not in batched and not is_partial_aggregate(node))


def _rows_a_loop(node: Node) -> float:
    return (node.rows or 0.0) / (node.loops or 1)


def _factor(node: Node) -> float:
    """Rows that came for one expected. More expected than came is common and harmless: a LIMIT was satisfied."""
    seen = _rows_a_loop(node)
    return 0.0 if node.estimated_rows is None or seen < OFF_LEAST else seen / max(node.estimated_rows, 1.0)


def generic_worse(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """
    The plan that a prepared statement may get after five executions is much slower than the one measured.

    By the clock, and by the work where the clock may only say that the machine was busy: most calls have two plans
    that read about as much in another order, and are as quick.
    """
    usual, generic = measured.milliseconds, measured.generic_milliseconds
    if usual is None or generic is None or generic <= GENERIC_MS or generic <= GENERIC_FACTOR * usual:
        return
    if measured.generic and generic - usual <= DISTURBED_MS and _work(measured.generic) <= GENERIC_FACTOR * _work(plan):
        return
    yield Remark(
        symptom="generic-worse",
        on=measured.call.query.name,
        says=f"the plan for unknown arguments takes {milliseconds(generic)} instead of {milliseconds(usual)}; "
        f"after five executions on a connection the server {CHOICE[measured.generic_chosen]} it",
        do="ALTER DATABASE <database> SET plan_cache_mode = force_custom_plan (before PostgreSQL 12: "
        "default_query_exec_mode=exec in Kine's endpoint)",
        severity=Severity.WARNING if measured.generic_chosen else Severity.INFO,
    )


def _work(plan: Plan) -> float:
    """What was read and passed on, in rows: the same in every run, however busy the machine is."""
    rows = sum(map(rows_read, plan.nodes()))
    return rows + ROWS_A_BLOCK * (plan.blocks or 0) + ROWS_A_REQUEST * (plan.requests or 0)


def jit_cost(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """Compiling the query takes a good part of its time; Kine's queries are too short to earn that back."""
    jit = plan.totals.get("JIT")
    timing = jit.get("Timing") if isinstance(jit, dict) else None
    spent = (number(timing.get("Total")) if isinstance(timing, dict) else None) or 0.0
    if spent >= FELT_MS and spent >= JIT_SHARE * (plan.execution_ms or 0.0):
        yield Remark(
            symptom="jit-cost",
            on=measured.call.query.name,
            says=f"{milliseconds(spent)} of {milliseconds(plan.execution_ms or spent)} go into compiling the query",
            do="ALTER DATABASE <database> SET jit = off",
        )
