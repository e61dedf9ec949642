"""Symptoms of reading too much: the wrong way to the rows, or too many of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import Node, Plan
from kinetune.model.workload import Measured
from kinetune.plans.names import PUSHED_DOWN, condition, title
from kinetune.plans.numbers import count, counted, number
from kinetune.plans.reads import (
    MANY_ROWS,
    NAME,
    NAME_RANGE,
    NEVER_ANALYZED,
    SLOW_MS,
    SOME_ROWS,
    is_distributed,
    is_many,
    is_partial_aggregate,
    is_whole_read,
    own_ms,
    rows_read,
    scans,
    storage_rows,
)
from kinetune.plans.unbound import has_symptom_of_its_own

WASTE = 10.0  # an object keeps a handful of revisions until compaction: below ten to one that explains it
WASTE_OF_WHOLE = 2.0  # a whole read that keeps more than half of the rows is the shortest way to them
MOSTLY = 0.5
LIST_QUERY = "kine_list_query_index"
FULL = (LIST_QUERY, "kine_name_prev_revision_uindex")  # the only ones that hold rows in every profile
ASKED = "kinetune check --select KT402,KT403 names what the planner lacks"
BY_NUMBER = ("kine_pkey", "kine_id_deleted_index", "kine_prev_revision_index")  # no name is found through these
INDEX_NAME = re.compile(r"\bkine_\w+\b")
COMPACTION = "see that old revisions are compacted: Kine's --compact-interval, or the API server's (every 5 minutes)"


UNVACUUMED = "where it has nothing to do, VACUUM (ANALYZE) kine"


def whole_table_read(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """Every row is read to keep few of them; on YugabyteDB also to find the largest id of a hash-sharded table."""
    wholes = [node for node in scans(plan) if is_wasteful_whole(node) and not has_symptom_of_its_own(node)]
    if not wholes:
        return
    worst = max(wholes, key=rows_read)
    yield Remark(
        symptom="whole-table-read",
        on=measured.call.query.name,
        says=_whole_read_in_words(worst) + "; this grows with every object and revision in the cluster",
        do="kinetune init --dry-run" if is_distributed(plan) else f"kinetune init --dry-run; {UNVACUUMED}",
        severity=Severity.ERROR if is_distributed(plan) else Severity.WARNING,
    )


def is_wasteful_whole(node: Node) -> bool:
    if not is_whole_read(node) or not is_many(rows_read(node), node.own_ms):
        return False
    return is_partial_aggregate(node) or rows_read(node) >= WASTE_OF_WHOLE * max(node.rows or 0.0, 1.0)


def _whole_read_in_words(node: Node) -> str:
    size = _size_in_words(node)
    reads = f"{title(node)} reads the whole table{_times(node)}" + (f" ({size})" if size else "")
    if is_partial_aggregate(node):
        return f"{reads} for one number, because ids are not kept in order"
    return f"{reads} to keep {counted(node.rows or 0.0, 'row')}"


def _times(node: Node) -> str:
    """Loops of a parallel scan are processes that share one reading."""
    loops = node.loops or 1
    return f" {count(loops)} times over" if loops > 1 and not node.details.get("Parallel Aware") else ""


def _size_in_words(node: Node) -> str:
    """Rows as counted, or as many as the planner believes; nothing where it never saw the table."""
    rows = rows_read(node)
    if rows == (node.rows or 0.0) + node.removed or storage_rows(node) is not None:
        return f"{count(rows)} rows"
    return "" if node.estimated_rows == NEVER_ANALYZED else f"about {count(rows)} rows"


def wrong_index(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """The names asked for are not found through the index that is made for this query."""
    wished = wished_for_names(measured.call.query.wish)
    if not wished or any(is_wasteful_whole(node) for node in scans(plan)):
        return
    astray = [node for node in scans(plan) if _is_astray(node, wished)]
    for node in sorted(astray, key=own_ms)[-1:]:
        yield Remark(
            symptom="wrong-index",
            on=node.index or measured.call.query.name,
            says=f"looks for keys by {title(node)}, and not by {_never_a_placeholder(wished)}, which is made for this",
            do=f"{ASKED if is_distributed(plan) else 'ANALYZE kine'}; then kinetune init --dry-run, which shows "
            "whether the index is missing",
        )


def _never_a_placeholder(wished: list[str]) -> str:
    """The first of them that no profile leaves empty."""
    return next((name for name in wished if name in FULL), LIST_QUERY)


def wished_for_names(wish: str) -> list[str]:
    """
    The indexes of a wish that find keys by name, the first one first.

    kine_list_query_index (name, id DESC, deleted) does all that kine_name_id_index (name, id) does.
    """
    found = [name for name in INDEX_NAME.findall(wish) if name not in BY_NUMBER]
    return [*found, LIST_QUERY] if "kine_name_id_index" in found else found


def _is_astray(node: Node, wished: list[str]) -> bool:
    """
    A name compared outside of an index that serves, and enough of it to matter.

    A bitmap names its index below. An index-only scan that seeks names has all it needs, whatever its index was made
    for. LIKE leaves a filter beside the range that is sought: that is no second way.
    """
    if node.index in wished or node.kind == "Bitmap Heap Scan" or has_symptom_of_its_own(node):
        return False
    sought = condition(node, "Index Cond")
    if NAME.search(sought):
        is_astray = not node.kind.endswith("Index Only Scan") and NAME_RANGE.search(sought) is not None
    else:
        is_astray = NAME.search(condition(node, "Filter", *PUSHED_DOWN)) is not None
    return is_astray and (rows_read(node) >= MANY_ROWS or own_ms(node) >= SLOW_MS)


def reads_more_than_returned(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """Ten rows and more are read for each that is returned; the history of revisions is the usual reason."""
    if any(is_wasteful_whole(node) for node in scans(plan)):
        return
    read, kept = sum(rows_read(node) for node in scans(plan)), rows_of_interest(plan.root)
    if kept is None or read < SOME_ROWS or read < WASTE * max(kept, 1.0):
        return
    yield Remark(
        symptom="reads-more-than-returned",
        on=measured.call.query.name,
        says=f"reads {count(read)} rows to answer with {count(kept)}; every revision of an object is a row",
        do=COMPACTION,
        severity=Severity.WARNING if (plan.root.total_ms or 0.0) >= SLOW_MS else Severity.INFO,
    )


def rows_of_interest(node: Node) -> float | None:
    """Rows of the answer; of a count or a maximum, which is one row, those that went into it."""
    below = [child for child in node.children if child.details.get("Parent Relationship") != "InitPlan"]
    is_single = (
        node.kind in ("Aggregate", "Gather", "Result") and node.rows is not None and node.rows <= 1 + SIDE_BY_SIDE
    )
    if is_single and len(below) == 1 and not is_partial_aggregate(below[0]):
        return rows_of_interest(below[0])
    return node.rows


SIDE_BY_SIDE = 16  # partial aggregates that arrive through a Gather, one of each process


def filter_after_fetch(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """Rows are fetched and then thrown away; milder where YugabyteDB's storage throws them away before sending."""
    for node in scans(plan):
        removed = (number(node.details.get("Rows Removed by Filter")) or 0.0) * (node.loops or 1)
        pushed = rows_read(node) - (node.rows or 0.0) if condition(node, *PUSHED_DOWN) else 0.0
        kept = max(node.rows or 0.0, 1.0)
        if is_wasteful_whole(node) or max(removed, pushed) < WASTE * kept:
            continue
        if removed >= SOME_ROWS:
            yield _filtered(measured, node, removed)
        elif pushed >= MANY_ROWS:
            yield _filtered_in_storage(measured, node, pushed)


def _filtered(measured: Measured, node: Node, removed: float) -> Remark:
    return Remark(
        symptom="filter-after-fetch",
        on=node.index or measured.call.query.name,
        says=f"{title(node)} fetches {count(removed + (node.rows or 0))} rows and throws {count(removed)} of them away",
        do="kinetune init --dry-run",
    )


def _filtered_in_storage(measured: Measured, node: Node, removed: float) -> Remark:
    return Remark(
        symptom="filter-after-fetch",
        on=node.index or measured.call.query.name,
        says=f"{title(node)}: the storage reads {count(removed)} rows that it does not send; no network, but time",
        do="kinetune init --dry-run",
        severity=Severity.INFO,
    )


def heap_fetches(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """An index-only scan visits the table for most rows, because VACUUM has not marked its pages as visible to all."""
    for node in scans(plan):
        fetched, read = number(node.details.get("Heap Fetches")) or 0.0, max(rows_read(node), 1.0)
        if node.kind.endswith("Index Only Scan") and fetched >= SOME_ROWS and fetched >= MOSTLY * read:
            yield Remark(
                symptom="heap-fetches",
                on=node.index or measured.call.query.name,
                says=f"the index should answer alone, but {count(fetched)} rows are looked up in the table as well",
                do="VACUUM (ANALYZE) kine; if it comes back, let autovacuum run more often on kine",
            )
