"""The cost and the problems of a call, from EXPLAIN's documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from kinetune.model.finding import Remark
from kinetune.model.plan import QueryPlan
from kinetune.model.workload import MeasuredCall, Recording
from kinetune.plans import access, distributed, effort, json_form, reads
from kinetune.plans.reads import (
    ROWS_PER_REQUEST,
    credit_hidden_rows,
)


def measure_call(recording: Recording, page: int = ROWS_PER_REQUEST, rows: float | None = None) -> MeasuredCall:
    """
    The median run of each kind of plan, by execution time, with its problems.

    `page`: see MeasuredCall. `rows` is the estimated size of the table, all of which a scan that filters in the storage
    may read.
    """
    if recording.failed or not recording.custom:
        return MeasuredCall(recording.call, recording, failed=recording.failed or "no plan was recorded", page=page)
    # Rows are added first: what a scan hides decides which symptoms the plan has.
    document, plan = _median_plan(recording.custom, rows)
    generic_document, generic = _median_plan(recording.generic, rows) if recording.generic else (None, None)
    cost = MeasuredCall(
        call=recording.call,
        # A saved run keeps one document for each plan: all of them would be megabytes.
        recording=replace(recording, custom=(document,), generic=(generic_document,) if generic else ()),
        plan=plan,
        generic=generic,
        generic_chosen=recording.generic_chosen,
        milliseconds=_execution_ms(plan),
        generic_milliseconds=_execution_ms(generic) if generic else None,
        rows=round(plan.root.rows) if plan.root.rows is not None else None,
        wal_bytes=_wal_bytes(plan) if recording.call.writes else None,
        page=page,
    )
    return replace(cost, remarks=find_symptoms(cost))


def _median_plan(documents: tuple[object, ...], rows: float | None) -> tuple[object, QueryPlan]:
    """The median by execution time; of two middle ones the faster."""
    # Runs without times (TIMING OFF, SUMMARY OFF) count as 0: their order does not matter.
    read = ((document, credit_hidden_rows(json_form.read_json_plan(document), rows)) for document in documents)
    plans = sorted(read, key=lambda pair: _execution_ms(pair[1]) or 0.0)
    return plans[(len(plans) - 1) // 2]


def _execution_ms(plan: QueryPlan) -> float | None:
    """auto_explain and EXPLAIN with SUMMARY OFF print no total: the root's time is close to it."""
    return plan.root.total_ms if plan.execution_ms is None else plan.execution_ms


def _wal_bytes(plan: QueryPlan) -> int | None:
    found = plan.root.details.get("WAL Bytes")
    return int(found) if isinstance(found, int | float) else None


Symptom = Callable[[MeasuredCall, QueryPlan], Iterator[Remark]]

OF_READS: tuple[Symptom, ...] = (
    reads.lookup_reads_table,
    reads.unbound_list,
    access.whole_table_read,
    access.wrong_index,
    distributed.limit_applied_late,
    distributed.batched_join_lost,
    access.reads_more_than_returned,
    access.filter_after_fetch,
    access.heap_fetches,
    effort.row_by_row_join,
    distributed.backward_scan,
    distributed.more_requests,
    effort.sort_spilled,
    effort.hash_spilled,
    effort.estimate_off,
    effort.generic_worse,
    effort.jit_cost,
)
# A write is explained on a copy with few rows: only an access path whose cost grows with the table is a problem there.
OF_WRITES: tuple[Symptom, ...] = (reads.lookup_reads_table, access.whole_table_read)


def find_symptoms(measured: MeasuredCall) -> tuple[Remark, ...]:
    """
    The problems of one call's plan, the most severe kind first; empty for a call without any, or one that failed.

    `<database>` in a remedy stands for the name of the database, which a call does not know.
    """
    if measured.plan is None or measured.failed:
        return ()
    family = OF_WRITES if measured.call.writes else OF_READS
    return tuple(remark for symptom in family for remark in symptom(measured, measured.plan))
