"""
Scans of kine that begin at one end of the table and filter names on the way, and the rows that they read unseen.

YugabyteDB 2.x does not count rows that its storage reads and does not send. An index read from one end with a filter on
another column costs one request, however many rows are passed over: 207 ms for a key that does not exist, 2.8 ms for
one that was just written, 3 requests both (measured.md §9). By requests such a plan looks good; it is credited with the
rows of the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import Node, Plan
from kinetune.model.workload import Measured
from kinetune.plans.names import PUSHED_DOWN, condition, title
from kinetune.plans.numbers import count
from kinetune.plans.reads import NAME, SOME_ROWS, TABLE, is_distributed, is_sequential, rows_read, storage_rows

ONE_NAME = re.compile(r"\bname\)?(::text)? = ")
BEGINS_AT_ID = re.compile(r"\bid\)?(::\w+)? (=|>|>=) ")
"""`id <= n` and `id IS NOT NULL` bind nothing: ids begin at 1. `= ANY (…)` is an equality."""
LOOKUP_SAYS = (
    "reads the table to find one name: for a key that does not exist all of its rows, in each create and update"
)


def unbound_scans(plan: Plan) -> Iterator[Node]:
    """Scans of kine that begin at one end of the table and filter names as they go; also those not executed."""
    return (node for node in plan.nodes() if is_unbound(node))


def is_unbound(node: Node) -> bool:
    if node.relation != TABLE or not node.kind.endswith("Scan") or not NAME.search(_filter(node)):
        return False
    sought = condition(node, "Index Cond")
    return is_sequential(node) or not (NAME.search(sought) or BEGINS_AT_ID.search(sought))


def looks_up_one_name(node: Node) -> bool:
    return ONE_NAME.search(_filter(node)) is not None


def lookups(plan: Plan, rows: float | None) -> Iterator[Node]:
    """
    Scans that read the table to find one name; `rows` are the table's, about.

    Also those that were not executed: a key that exists may have been found before. Of fewer rows than SOME_ROWS a
    sequential scan is what the planner should choose.
    """
    for node in unbound_scans(plan):
        if looks_up_one_name(node) and not (is_sequential(node) and (rows or 0) < SOME_ROWS):
            yield node


def lookup_reads_table(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """YugabyteDB's planner takes the end of kine_pkey for the quickest way to MAX(id) of a name (measured.md §9)."""
    if not is_distributed(plan):
        return
    for node in sorted(lookups(plan, _rows(plan)), key=rows_read)[-1:]:
        yield Remark(
            symptom="lookup-reads-table",
            on=measured.call.query.name,
            says=f"{title(node)} {LOOKUP_SAYS}" + (f" ({count(rows)} now)" if (rows := rows_read(node)) else ""),
            do="kinetune check --select KT306,KT402,KT403 names what the planner lacks",
            severity=Severity.ERROR,
        )


def _rows(plan: Plan) -> float | None:
    """Of the table, as far as an unbound scan of this plan was credited with them (`revealed`)."""
    return max((rows_read(node) for node in unbound_scans(plan)), default=None)


def unbound_list(measured: Measured, plan: Plan) -> Iterator[Remark]:
    """A page that begins at one end of the ids, and filters a prefix of names on the way."""
    if not is_distributed(plan):
        return
    for node in unbound_scans(plan):
        if not (looks_up_one_name(node) or is_sequential(node)) and rows_read(node) >= SOME_ROWS:
            yield Remark(
                symptom="unbound-list",
                on=node.index or measured.call.query.name,
                says=f"{title(node)} reads every revision of the store, about {count(rows_read(node))} rows, and "
                "filters the prefix on the way",
                do="kinetune init --dry-run; where it has nothing to do, ANALYZE kine made this plan of a store whose "
                "rows are mostly one resource: fewer revisions help (KT501, KT502)",
                severity=Severity.WARNING,
            )
            return


def has_symptom_of_its_own(node: Node) -> bool:
    """Whether an unbound scan on YugabyteDB is named by these symptoms, and not by those of whole reads."""
    return node.requests is not None and is_unbound(node) and (looks_up_one_name(node) or not is_sequential(node))


def _filter(node: Node) -> str:
    return condition(node, "Filter", *PUSHED_DOWN)


def revealed(plan: Plan, rows: float | None) -> Plan:
    """The same plan, its unbound scans with a filter in the storage reading all of so many rows (None: not known)."""
    return plan if rows is None or plan.requests is None else replace(plan, root=_revealed(plan.root, rows))


def _revealed(node: Node, rows: float) -> Node:
    children = tuple(_revealed(child, rows) for child in node.children)
    if is_hidden(node):
        passed_over = rows * (node.loops or 1) - (node.rows or 0.0)
        return replace(node, children=children, removed=max(node.removed, passed_over))
    return replace(node, children=children)


def is_hidden(node: Node) -> bool:
    """Executed, filtered in the storage, and its rows counted by nobody."""
    filtered = NAME.search(condition(node, *PUSHED_DOWN)) is not None
    return is_unbound(node) and filtered and node.loops != 0 and storage_rows(node) is None
