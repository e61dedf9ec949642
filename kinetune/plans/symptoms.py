"""What is wrong with a plan, in words for people who run Kubernetes and not databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kinetune.model.finding import Remark
from kinetune.model.plan import Plan
from kinetune.model.workload import Measured
from kinetune.plans import access, distributed, effort, unbound

Symptom = Callable[[Measured, Plan], Iterator[Remark]]

OF_READS: tuple[Symptom, ...] = (
    unbound.lookup_reads_table,
    unbound.unbound_list,
    access.whole_table_read,
    access.wrong_index,
    distributed.limit_in_vain,
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
# A write runs on a shadow copy that holds few rows: only a way of access that grows with the table says something.
OF_WRITES: tuple[Symptom, ...] = (unbound.lookup_reads_table, access.whole_table_read)


def symptoms(measured: Measured) -> tuple[Remark, ...]:
    """
    What the plan of one call suffers from, the gravest kind first; empty for a healthy or a failed call.

    `<database>` in an advice stands for the name of the database, which a call does not know.
    """
    if measured.plan is None or measured.failed:
        return ()
    family = OF_WRITES if measured.call.writes else OF_READS
    return tuple(remark for symptom in family for remark in symptom(measured, measured.plan))
