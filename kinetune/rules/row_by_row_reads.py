from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.workload import Measured
from kinetune.plans.numbers import count, counted
from kinetune.quoting import identifier
from kinetune.rules.rule import rule
from kinetune.rules.words import in_words, suffering, work

FEW_ROWS = 100  # the smallest answer from which growth with the rows can be told
REQUESTS = 100  # at a millisecond each they are felt; a batched join needs one for 1,024 rows
REQUESTS_A_ROW = 0.5
BLOCKS = 10_000  # 80 MB through memory for one answer
BLOCKS_A_ROW = 20.0  # an index path and the row are four or five


@rule("KT302", Severity.ERROR)
def row_by_row_reads(calls: tuple[Measured, ...], facts: Facts) -> Iterator[Remark]:
    """
    No hot query asks the storage once for every row of its answer.

    Why it matters
        On YugabyteDB each such request is a trip over the network: a page of 500 pods takes 4,022 requests and 4.7 s,
        with batched joins 26 requests and 0.2 s (docs/facts/measured.md §3). An API server that starts lists every
        resource so. On PostgreSQL a look-up comes from memory: named only where it is most of a slow call.

    What to do
        KT401 tells whether batched joins are on. Where they are and the planner still goes row by row, it lacks
        statistics (KT402) or the setting that keeps batched joins (KT403).

    When to ignore
        On PostgreSQL, when the call is quick enough for you.

    Source
        EXPLAIN of Kine's own statements on this store; docs/facts/yugabytedb.md §4, docs/facts/measured.md §3.
    """
    joined = set()
    for measured, remark in suffering(calls, "row-by-row-join"):
        joined.add(id(measured))
        do = remark.do.replace("<database>", identifier(facts.database))
        yield Remark("", measured.call.scenario, f"{in_words(measured)}: {remark.says}", do, remark.severity)
    for measured in calls:
        if id(measured) not in joined and _grows(measured):
            yield _growing(measured, facts)


def _grows(measured: Measured) -> bool:
    """On PostgreSQL a whole read takes many blocks a row as well, and has a rule of its own."""
    rows, done = measured.rows or 0, work(measured)
    if done is None or rows < FEW_ROWS:
        return False
    amount, unit = done
    if unit == "block":
        is_whole = any(True for _ in suffering([measured], "whole-table-read"))
        return not is_whole and amount >= max(BLOCKS, BLOCKS_A_ROW * rows)
    return amount >= max(REQUESTS, REQUESTS_A_ROW * rows)


def _growing(measured: Measured, facts: Facts) -> Remark:
    amount, unit = work(measured) or (0, "")
    is_distributed = facts.server.flavour is Flavour.YUGABYTEDB
    return Remark(
        on=measured.call.scenario,
        says=f"{in_words(measured)}: {counted(amount, unit)} for {count(measured.rows or 0)} rows; "
        "it gets slower with every object in the cluster",
        do=f"kinetune analyze, then kinetune explain --query {measured.call.scenario} --tree: which join, and why; "
        "where nothing there can be changed, only fewer objects of it help",
        severity=Severity.ERROR if is_distributed else Severity.INFO,
    )
