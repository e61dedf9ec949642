from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_count, format_number
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.workload import MeasuredCall
from kinetune.quoting import identifier
from kinetune.rules.calls import describe_call, find_symptom, measure_work
from kinetune.rules.rule import rule

FEW_ROWS = 100  # in a smaller result, work that grows with the rows cannot be distinguished from fixed work
REQUESTS = 100  # 0.1 s at 1 ms each; a batched join needs one for 1,024 rows
REQUESTS_A_ROW = 0.5
BLOCKS = 10_000  # 78 MiB of memory reads for one result
BLOCKS_A_ROW = 20.0  # an index lookup and the row are four or five blocks


@rule("KT302", Severity.ERROR)
def row_by_row_reads(calls: tuple[MeasuredCall, ...], facts: Facts) -> Iterator[Remark]:
    """
    A frequent query sends one storage request for every row of its result.

    Why it matters
        On YugabyteDB each request crosses the network: a page of 500 pods takes 4,022 requests and 4.7 s, with batched
        joins 26 requests and 0.2 s (docs/facts/measured.md §3). An API server that starts lists every resource in this
        way. On PostgreSQL a lookup reads from memory: it is reported only if it takes most of the time of a slow call.

    What to do
        KT401 shows whether batched joins are on. If they are on and the planner still reads row by row, statistics
        (KT402) or the setting that keeps batched joins (KT403) are missing.

    When to ignore
        On PostgreSQL, if the call is fast enough for you.

    Source
        EXPLAIN of Kine's own statements on this store; docs/facts/yugabytedb.md §4, docs/facts/measured.md §3.
    """
    joined = set()
    for measured, remark in find_symptom(calls, "row-by-row-join"):
        joined.add(id(measured))
        do = remark.do.replace("<database>", identifier(facts.database))
        yield Remark("", measured.call.scenario, f"{describe_call(measured)}: {remark.says}", do, remark.severity)
    for measured in calls:
        if id(measured) not in joined and _grows_with_rows(measured):
            yield _create_finding(measured, facts)


def _grows_with_rows(measured: MeasuredCall) -> bool:
    """Whether the work is proportional to the rows. KT301 reports a read of the whole table, which also takes many "
    "blocks."""
    rows, done = measured.rows or 0, measure_work(measured)
    if done is None or rows < FEW_ROWS:
        return False
    amount, unit = done
    if unit == "block":
        is_whole = any(True for _ in find_symptom([measured], "whole-table-read"))
        return not is_whole and amount >= max(BLOCKS, BLOCKS_A_ROW * rows)
    return amount >= max(REQUESTS, REQUESTS_A_ROW * rows)


def _create_finding(measured: MeasuredCall, facts: Facts) -> Remark:
    amount, unit = measure_work(measured) or (0, "")
    is_distributed = facts.server.flavour is Flavour.YUGABYTEDB
    return Remark(
        on=measured.call.scenario,
        says=f"{describe_call(measured)}: {format_count(amount, unit)} for {format_number(measured.rows or 0)} rows; "
        "it becomes slower with every object in the cluster",
        do=f"kinetune analyze, then kinetune explain --query {measured.call.scenario} --tree to find the join; "
        "if it cannot be changed, reduce the number of these objects",
        severity=Severity.ERROR if is_distributed else Severity.INFO,
    )
