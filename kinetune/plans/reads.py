"""
What the scans of a plan read: rows, the access path, and on YugabyteDB storage requests.

YugabyteDB 2.x does not count rows that its storage reads and does not send: scans that begin at one end of the table
and filter names are credited with them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kinetune.formatting import format_count, format_number
from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.model.workload import MeasuredCall
from kinetune.plans.nodes import PUSHED_DOWN, joined_conditions, node_title, to_number

TABLE = "kine"


# For fewer rows a sequential scan is the right choice: a new K3s store has one to five thousand rows.
MANY_ROWS = 10_000


SOME_ROWS = 1_000


SLOW_MS = 5.0  # of one node; less is not noticeable in Kubernetes


NEVER_ANALYZED = 1_000.0  # YugabyteDB's estimate of a table without statistics


NAME_RANGE = re.compile(r"\bname\)?(::text)? (>=|>|<|<=|~~) ")


NAME = re.compile(r"\bname\)?(::text)? (=|>=|>|<|<=|~~) ")


def executed_scans(plan: QueryPlan) -> Iterator[PlanNode]:
    """Every node that reads Kine's table or an index of it, and was executed."""
    return (node for node in plan.nodes() if _reads_kine(node) and node.loops != 0)


def _reads_kine(node: PlanNode) -> bool:
    """A Bitmap Index Scan has no relation; the Bitmap Heap Scan above it counts the rows."""
    return node.relation == TABLE and node.kind.endswith("Scan")


def is_distributed(plan: QueryPlan) -> bool:
    """Whether YugabyteDB made the plan, with DIST or without."""
    return plan.distributed or plan.requests is not None


def is_sequential(node: PlanNode) -> bool:
    return node.kind == "Seq Scan"


def is_partial_aggregate(node: PlanNode) -> bool:
    """Whether YugabyteDB's tablets aggregate: each returns one row, however many it has read."""
    return node.details.get("Partial Aggregate") in (True, "true")


def rows_read(node: PlanNode) -> float:
    """
    Rows read, over all loops: returned and removed rows, or the rows that YugabyteDB's storage scanned (printed by
    2024.1 and later). For a sequential scan that an older release filters or aggregates in the storage, the planner's
    estimate, which is the size of the table.
    """
    # The counter of the storage is exact, where the release has one.
    scanned = storage_rows(node)
    if scanned is not None:
        return scanned
    seen = (node.rows or 0.0) + node.removed
    return max(seen, (node.estimated_rows or 0.0) * (node.loops or 1)) if is_guessed(node) else seen


def is_guessed(node: PlanNode) -> bool:
    """Whether the storage filters or aggregates the rows, and the release (2.21) does not print how many it read."""
    is_hidden = is_partial_aggregate(node) or bool(joined_conditions(node, *PUSHED_DOWN))
    return is_sequential(node) and is_hidden and storage_rows(node) is None


def storage_rows(node: PlanNode) -> float | None:
    """Storage Rows Scanned over all loops; the larger figure of index and table, which are the same rows."""
    keys = ("Storage Table Rows Scanned", "Storage Index Rows Scanned")
    found = [value for key in keys if (value := to_number(node.details.get(key))) is not None]
    return max(found) * (node.loops or 1) if found else None


def is_many(rows: float, own_ms: float | None) -> bool:
    """Many rows, or fewer that took noticeably long."""
    return rows >= MANY_ROWS or (rows >= SOME_ROWS and (own_ms or 0.0) >= SLOW_MS)


def is_bounded(node: PlanNode) -> bool:
    """
    Whether an index scan reads a part of the index. `id IS NOT NULL`, which MAX(id) adds, is the whole index; an upper
    bound of ids alone, the requested revision, excludes only what is newer.
    """
    sought = joined_conditions(node, "Index Cond")
    return bool(re.sub(r"\(?\S+ (IS NOT NULL|<= (\$\d+|'?\d+'?(::bigint)?))\)?| AND ", "", sought).strip("() "))


def is_whole_read(node: PlanNode) -> bool:
    """A sequential scan, or an index read from end to end; with a LIMIT it may stop early, which its rows show."""
    is_index = node.kind.endswith(("Index Scan", "Index Only Scan"))
    return is_sequential(node) or (is_index and not is_bounded(node))


def own_ms(node: PlanNode) -> float:
    return node.own_ms or 0.0


ROWS_PER_REQUEST = 1024
"""Rows that one request brings: yb_fetch_row_limit's default (2.19 pg_wrapper.cc:198, docs/facts/yugabytedb.md §4)."""


FETCH_SETTING = "yb_fetch_row_limit"


@dataclass(frozen=True)
class ScanReads:
    """A scan of Kine's table or one of its indexes: its requests and rows, and the least of both that it needs."""

    node: PlanNode
    requests: int
    least: int
    rows: float
    least_rows: float


def rows_per_request(settings: Mapping[str, str]) -> int:
    """Rows that a request brings under these settings; 0 where only its size is limited, and the rows are unknown."""
    limit = to_number(settings.get(FETCH_SETTING))
    return ROWS_PER_REQUEST if limit is None else int(limit)


def scan_reads(plan: QueryPlan, page: int = ROWS_PER_REQUEST) -> Iterator[ScanReads]:
    """
    Each executed scan with its least: one request for each `page` of the rows that the result needs, and at least one.

    A scan needs at most the rows of the result (of a count: the counted rows), and at most the rows it returned. One
    row for each object: old revisions have to be skipped only until they are compacted. The batch size of joins is
    ignored: a batch of one is a problem of the plan, not a need of the result.
    """
    # A count returns one row but needs all rows that it counts.
    wanted = rows_of_interest(plan.root)
    for node in executed_scans(plan):
        needed = min(node.rows or 0.0, math.inf if wanted is None else max(wanted, 1.0))
        # With a limit on the size of requests only, their least number is unknown: one.
        least = math.ceil(needed / page) if page else 1
        yield ScanReads(node, node.requests or 0, max(least, 1), rows_read(node), needed)


def least_requests(plan: QueryPlan, page: int = ROWS_PER_REQUEST) -> int | None:
    """Requests that every plan with these scans needs; None where storage requests are not counted."""
    if plan.requests is None:
        return None
    # A scan may share another scan's request (x_stock-1024-E07_poll in tests/data: 101 rows, no request of its own).
    return sum(step.least for step in scan_reads(plan, page) if step.requests)


def pages_read(plan: QueryPlan, page: int = ROWS_PER_REQUEST) -> int | None:
    """
    Requests as if every row that is read were sent; None where requests are not counted.

    A scan that filters or aggregates in the storage reads the whole table in one request: few round trips, but its time
    grows with the table. Ids sharded by hash lead to such scans for MAX(id) and polls (docs/facts/measured.md §3, 36 to
    150 ms).
    """
    if plan.requests is None:
        return None
    # A release before 2024.1 does not print what the storage read: the estimate of the table takes its place.
    hidden = (math.ceil(step.rows / (page or ROWS_PER_REQUEST)) - step.requests for step in scan_reads(plan, page))
    return plan.requests + sum(more for more in hidden if more > 0)


def describe_least(plan: QueryPlan, page: int = ROWS_PER_REQUEST) -> str:
    """`requests: 26, at least 4 needed; rows: 24,002, at least 1,004 needed`; empty where they are not counted."""
    least = least_requests(plan, page)
    if least is None:
        return ""
    every = list(scan_reads(plan, page))
    rows = (
        "unknown" if any(is_guessed(step.node) for step in every) else format_number(sum(step.rows for step in every))
    )
    needed = format_number(sum(step.least_rows for step in every))
    return f"requests: {plan.requests or 0:,}, at least {least:,} needed; rows: {rows}, at least {needed} needed"


ONE_NAME = re.compile(r"\bname\)?(::text)? = ")


BEGINS_AT_ID = re.compile(r"\bid\)?(::\w+)? (=|>|>=) ")
"""`id <= n` and `id IS NOT NULL` do not limit the start of a scan: ids begin at 1. `= ANY (…)` is an equality."""


LOOKUP_SAYS = (
    "reads the table to find one name: for a key that does not exist all of its rows, in each create and update"
)


def unbound_scans(plan: QueryPlan) -> Iterator[PlanNode]:
    """Scans of kine that begin at one end of the table and filter names; also scans that were not executed."""
    return (node for node in plan.nodes() if is_unbound(node))


def is_unbound(node: PlanNode) -> bool:
    if node.relation != TABLE or not node.kind.endswith("Scan") or not NAME.search(_filter_condition(node)):
        return False
    sought = joined_conditions(node, "Index Cond")
    # A condition on the name or on the first id limits where the scan begins.
    return is_sequential(node) or not (NAME.search(sought) or BEGINS_AT_ID.search(sought))


def looks_up_one_name(node: PlanNode) -> bool:
    return ONE_NAME.search(_filter_condition(node)) is not None


def table_reading_lookups(plan: QueryPlan, rows: float | None) -> Iterator[PlanNode]:
    """
    Scans that read the table to find one name; `rows` are the table's, about.

    Also those that were not executed: a key that exists may have been found before. Of fewer rows than SOME_ROWS a
    sequential scan is what the planner should choose.
    """
    for node in unbound_scans(plan):
        if looks_up_one_name(node) and not (is_sequential(node) and (rows or 0) < SOME_ROWS):
            yield node


def lookup_reads_table(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """
    YugabyteDB's planner reads kine_pkey backwards for MAX(id) of a name, as if the name were near the end
    (docs/facts/measured.md §9).
    """
    if not is_distributed(plan):
        return
    # Only the scan that read most: the others have the same cause and remedy.
    for node in sorted(table_reading_lookups(plan, _table_rows(plan)), key=rows_read)[-1:]:
        yield Remark(
            symptom="lookup-reads-table",
            on=measured.call.query.name,
            says=f"{node_title(node)} {LOOKUP_SAYS}"
            + (f" ({format_number(rows)} now)" if (rows := rows_read(node)) else ""),
            do="kinetune check --select KT306,KT402,KT403 shows what the planner needs",
            severity=Severity.ERROR,
        )


def _table_rows(plan: QueryPlan) -> float | None:
    """Of the table, if they were added to an unbound scan of this plan (`revealed`)."""
    return max((rows_read(node) for node in unbound_scans(plan)), default=None)


def unbound_list(measured: MeasuredCall, plan: QueryPlan) -> Iterator[Remark]:
    """A page of a list that begins at one end of the ids and filters a prefix of names."""
    if not is_distributed(plan):
        return
    for node in unbound_scans(plan):
        # Lookups and sequential scans have symptoms of their own.
        if not (looks_up_one_name(node) or is_sequential(node)) and rows_read(node) >= SOME_ROWS:
            yield Remark(
                symptom="unbound-list",
                on=node.index or measured.call.query.name,
                says=f"{node_title(node)} reads every revision of the store, about "
                f"{format_count(rows_read(node), 'row')}, and filters them by prefix",
                do="kinetune init --dry-run; if it has nothing to do, most rows belong to one resource, and ANALYZE "
                "leads to this plan: keep fewer revisions (KT501, KT502)",
                severity=Severity.WARNING,
            )
            return


def has_own_symptom(node: PlanNode) -> bool:
    """Whether these symptoms report a scan on YugabyteDB, and not those of whole reads."""
    return node.requests is not None and is_unbound(node) and (looks_up_one_name(node) or not is_sequential(node))


def _filter_condition(node: PlanNode) -> str:
    return joined_conditions(node, "Filter", *PUSHED_DOWN)


def credit_hidden_rows(plan: QueryPlan, rows: float | None) -> QueryPlan:
    """The same plan, whose unbound scans with a filter in the storage read all `rows` of the table (None: unknown)."""
    return plan if rows is None or plan.requests is None else replace(plan, root=_credit_node(plan.root, rows))


def _credit_node(node: PlanNode, rows: float) -> PlanNode:
    children = tuple(_credit_node(child, rows) for child in node.children)
    if hides_rows(node):
        # Each loop may skip the whole table, except for the rows that it returned.
        passed_over = rows * (node.loops or 1) - (node.rows or 0.0)
        return replace(node, children=children, removed=max(node.removed, passed_over))
    return replace(node, children=children)


def hides_rows(node: PlanNode) -> bool:
    """Executed and filtered in the storage, by a release that does not print the rows scanned."""
    filtered = NAME.search(joined_conditions(node, *PUSHED_DOWN)) is not None
    return is_unbound(node) and filtered and node.loops != 0 and storage_rows(node) is None


SIDE_BY_SIDE = 16  # partial aggregates that arrive through a Gather, one for each process


def rows_of_interest(node: PlanNode) -> float | None:
    """Rows of the result; of a count or a maximum, which is one row, the rows that were aggregated."""
    below = [child for child in node.children if child.details.get("Parent Relationship") != "InitPlan"]
    # A count or MAX(id) returns one row; with a Gather, one for each process.
    is_single = (
        node.kind in ("Aggregate", "Gather", "Result") and node.rows is not None and node.rows <= 1 + SIDE_BY_SIDE
    )
    if is_single and len(below) == 1 and not is_partial_aggregate(below[0]):
        return rows_of_interest(below[0])
    return node.rows
