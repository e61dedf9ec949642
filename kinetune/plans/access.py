"""Symptoms of reading too much: an unsuitable index or none, or more rows than the answer needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.formatting import format_count, format_number
from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.model.workload import MeasuredCall
from kinetune.plans.nodes import PUSHED_DOWN, joined_conditions, node_title, to_number
from kinetune.plans.reads import (
    MANY_ROWS,
    NAME,
    NAME_RANGE,
    NEVER_ANALYZED,
    SLOW_MS,
    SOME_ROWS,
    executed_scans,
    has_own_symptom,
    is_distributed,
    is_many,
    is_partial_aggregate,
    is_whole_read,
    own_ms,
    rows_of_interest,
    rows_read,
    storage_rows,
)

# Until compaction an object has a handful of revisions, each a row: fewer than ten rows read for one are normal.
WASTE = 10.0
# A sequential scan that keeps more than half of the rows is the cheapest access path.
WASTE_OF_WHOLE = 2.0
MOSTLY = 0.5
LIST_QUERY = "kine_list_query_index"
# Profiles create the other indexes of Kine as empty placeholders; these two contain rows in all of them.
FULL_INDEXES = (LIST_QUERY, "kine_name_prev_revision_uindex")
CHECK_PLANNER = "kinetune check --select KT402,KT403 shows what the planner needs"
INDEXES_WITHOUT_NAMES = ("kine_pkey", "kine_id_deleted_index", "kine_prev_revision_index")
INDEX_NAME = re.compile(r"\bkine_\w+\b")
COMPACTION = "check that old revisions are compacted: Kine's --compact-interval, or the API server's (every 5 minutes)"
VACUUM = "if it has nothing to do, VACUUM (ANALYZE) kine"


def whole_table_read(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """Every row is read to keep few of them; on YugabyteDB also to find the largest id of a hash-sharded table."""
    wholes = [node for node in executed_scans(plan) if is_wasteful_whole(node) and not has_own_symptom(node)]
    if not wholes:
        return
    # One remark for a call: several whole reads have the same cause.
    worst = max(wholes, key=rows_read)
    yield Remark(
        symptom="whole-table-read",
        on=measured.call.query.name,
        says=_describe_whole_read(worst) + "; this grows with every object and revision in the cluster",
        do="kinetune init --dry-run" if is_distributed(plan) else f"kinetune init --dry-run; {VACUUM}",
        severity=Severity.ERROR if is_distributed(plan) else Severity.WARNING,
    )


def is_wasteful_whole(node: PlanNode) -> bool:
    if not is_whole_read(node) or not is_many(rows_read(node), node.own_ms):
        return False
    return is_partial_aggregate(node) or rows_read(node) >= WASTE_OF_WHOLE * max(node.rows or 0.0, 1.0)


def _describe_whole_read(node: PlanNode) -> str:
    size = _describe_size(node)
    reads = f"{node_title(node)} reads the whole table{_format_repeats(node)}" + (f" ({size})" if size else "")
    if is_partial_aggregate(node):
        return f"{reads} for one number, because ids are not kept in order"
    return f"{reads} to keep {format_count(node.rows or 0.0, 'row')}"


def _format_repeats(node: PlanNode) -> str:
    """Loops of a parallel scan are processes that share one read of the table."""
    loops = node.loops or 1
    return f" {format_number(loops)} times" if loops > 1 and not node.details.get("Parallel Aware") else ""


def _describe_size(node: PlanNode) -> str:
    """Rows as counted, else the planner's estimate; empty where the table was never analyzed."""
    rows = rows_read(node)
    if rows == (node.rows or 0.0) + node.removed or storage_rows(node) is not None:
        return f"{format_number(rows)} rows"
    return "" if node.estimated_rows == NEVER_ANALYZED else f"about {format_number(rows)} rows"


def wrong_index(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """Keys are not found through the index for this query."""
    wished = indexes_for_names(measured.call.query.wish)
    # A whole read is reported as such; that no index was used follows from it.
    if not wished or any(is_wasteful_whole(node) for node in executed_scans(plan)):
        return
    astray = [node for node in executed_scans(plan) if _misses_index(node, wished)]
    for node in sorted(astray, key=own_ms)[-1:]:
        yield Remark(
            symptom="wrong-index",
            on=node.index or measured.call.query.name,
            says=f"finds keys by {node_title(node)} instead of {_first_full_index(wished)}, the index for this query",
            do=f"{CHECK_PLANNER if is_distributed(plan) else 'ANALYZE kine'}; then kinetune init --dry-run, which "
            "shows whether the index is missing",
        )


def _first_full_index(wished: list[str]) -> str:
    """The first index that contains rows in every profile."""
    return next((name for name in wished if name in FULL_INDEXES), LIST_QUERY)


def indexes_for_names(wish: str) -> list[str]:
    """
    The indexes of an access path that find keys by name, in its order.

    kine_list_query_index (name, id DESC, deleted) can replace kine_name_id_index (name, id).
    """
    found = [name for name in INDEX_NAME.findall(wish) if name not in INDEXES_WITHOUT_NAMES]
    return [*found, LIST_QUERY] if "kine_name_id_index" in found else found


def _misses_index(node: PlanNode, wished: list[str]) -> bool:
    """
    Whether names are compared outside of a suitable index, in a scan that takes noticeably long.

    A bitmap heap scan names its index in the node below. An index-only scan by name is suitable whatever its index is
    called. LIKE leaves a filter beside the range in the index condition: that is still an access by index.
    """
    if node.index in wished or node.kind == "Bitmap Heap Scan" or has_own_symptom(node):
        return False
    sought = joined_conditions(node, "Index Cond")
    # An index condition on the name is suitable, unless it is a range on an index without the other columns.
    if NAME.search(sought):
        is_astray = not node.kind.endswith("Index Only Scan") and NAME_RANGE.search(sought) is not None
    else:
        is_astray = NAME.search(joined_conditions(node, "Filter", *PUSHED_DOWN)) is not None
    return is_astray and (rows_read(node) >= MANY_ROWS or own_ms(node) >= SLOW_MS)


def reads_more_than_returned(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """At least ten rows are read for each row returned, usually revisions that are not compacted yet."""
    if any(is_wasteful_whole(node) for node in executed_scans(plan)):
        return
    read, kept = sum(rows_read(node) for node in executed_scans(plan)), rows_of_interest(plan.root)
    if kept is None or read < SOME_ROWS or read < WASTE * max(kept, 1.0):
        return
    yield Remark(
        symptom="reads-more-than-returned",
        on=measured.call.query.name,
        says=f"reads {format_number(read)} rows to return {format_number(kept)}; each revision of an object is a row",
        do=COMPACTION,
        severity=Severity.WARNING if (plan.root.total_ms or 0.0) >= SLOW_MS else Severity.INFO,
    )


def filter_after_fetch(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """Rows are read and then discarded; less severe where YugabyteDB's storage discards them before sending."""
    for node in executed_scans(plan):
        removed = (to_number(node.details.get("Rows Removed by Filter")) or 0.0) * (node.loops or 1)
        pushed = rows_read(node) - (node.rows or 0.0) if joined_conditions(node, *PUSHED_DOWN) else 0.0
        kept = max(node.rows or 0.0, 1.0)
        if is_wasteful_whole(node) or max(removed, pushed) < WASTE * kept:
            continue
        if removed >= SOME_ROWS:
            yield _remark_filtered(measured, node, removed)
        # Rows that the storage discards cross no network, so only large numbers matter.
        elif pushed >= MANY_ROWS:
            yield _remark_filtered_in_storage(measured, node, pushed)


def _remark_filtered(measured: MeasuredCall, node: PlanNode, removed: float) -> Remark:
    return Remark(
        symptom="filter-after-fetch",
        on=node.index or measured.call.query.name,
        says=f"{node_title(node)} reads {format_number(removed + (node.rows or 0))} rows and "
        f"discards {format_number(removed)} of them",
        do="kinetune init --dry-run",
    )


def _remark_filtered_in_storage(measured: MeasuredCall, node: PlanNode, removed: float) -> Remark:
    return Remark(
        symptom="filter-after-fetch",
        on=node.index or measured.call.query.name,
        says=f"{node_title(node)}: the storage reads {format_number(removed)} rows that it does not send; "
        "this takes time, but no network",
        do="kinetune init --dry-run",
        severity=Severity.INFO,
    )


def heap_fetches(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """An index-only scan reads the table for most rows, because VACUUM has not marked its pages as all-visible."""
    for node in executed_scans(plan):
        fetched, read = to_number(node.details.get("Heap Fetches")) or 0.0, max(rows_read(node), 1.0)
        # Some heap fetches are normal between two runs of autovacuum.
        if node.kind.endswith("Index Only Scan") and fetched >= SOME_ROWS and fetched >= MOSTLY * read:
            yield Remark(
                symptom="heap-fetches",
                on=node.index or measured.call.query.name,
                says=f"the index contains all columns, but {format_number(fetched)} rows are read from "
                "the table as well",
                do="VACUUM (ANALYZE) kine; if the problem returns, let autovacuum run more often on kine",
            )
