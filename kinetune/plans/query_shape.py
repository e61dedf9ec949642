"""
Which of Kine's queries a plan belongs to, where its statement is unknown.

EXPLAIN prints no columns, but it prints every condition. The comparisons of names and ids, the grouping and the kind of
statement distinguish Kine's queries, with one exception: a query that returns values (ListCurrentVal) has the plan of
the one that does not (ListCurrent).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from kinetune.kine.queries import load_catalogue
from kinetune.kine.releases import ERAS
from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.plans.nodes import PUSHED_DOWN, is_detached, joined_conditions
from kinetune.plans.reads import TABLE

COMPACTION_KEY = "compact_rev_key"
IN_SQL = re.compile(r"\b(name|id) (=|>=|<=|<|>|LIKE) (?:\$\d+|\()")
IN_PLAN = re.compile(
    r"\b(name|id)\)?(?:::\w+)? (=|>=|<=|<|>|~~) "
    rf"(?!'{COMPACTION_KEY})(?=['$(\d]|like_escape)"  # a column on the right is a join
)
VALUES = re.compile(r"(Old)?Val$")
MAXIMUM = re.compile(r"\b(?:id|prev_revision) IS NOT NULL")
"""How PostgreSQL writes MAX() of an indexed column."""
OWN_NAME = re.compile(rf"{TABLE}(_\d+)?")
SCAN_CONDITIONS = ("Index Cond", "Recheck Cond", "Filter", *PUSHED_DOWN)
LIKE = "name ~~"
FROM_LIKE = frozenset({"name =", "name >=", "name <"})
"""What the planner derives from LIKE: beside it, or instead of it where the index condition is equivalent."""
SELECT = "Select"


@dataclass(frozen=True)
class QueryShape:
    """
    `operation` as EXPLAIN names it; `aliased` where the table has another name in the query, as up to Kine v0.15.0;
    `comparisons` of names and ids with arguments; `grouped` by name; `counts` the groups; `compaction` is whether the
    compacted revision is read; `scans` whether the table is read at all.
    """

    operation: str
    aliased: bool
    comparisons: frozenset[str]
    grouped: bool
    counts: bool
    compaction: bool
    scans: bool


def names_by_shape(plan: QueryPlan) -> Mapping[str, tuple[str, ...]]:
    """Era → names of its queries that have such a plan; empty where the plan does not single out one query."""
    shape = _shape_of_plan(plan)
    found = _shape_index().get(shape, {}) if shape else {}
    # The plan is unambiguous if the names differ only in whether values are returned.
    different = {VALUES.sub("", name) for names in found.values() for name in names}
    return found if len(different) == 1 else {}


@cache
def _shape_index() -> Mapping[QueryShape, Mapping[str, tuple[str, ...]]]:
    """Shape → era → names, of all recorded statements."""
    shapes: dict[QueryShape, dict[str, tuple[str, ...]]] = {}
    for era in ERAS:
        for query in load_catalogue(era.name).values() if era.catalogue else ():
            # pg_total_relation_size(): its plan reads no table.
            if "FROM kine" in query.text or not query.text.startswith("SELECT"):  # not the size of the files
                names = shapes.setdefault(_shape_of_statement(query.text), {})
                names[era.name] = (*names.get(era.name, ()), query.name)
    return MappingProxyType(shapes)


def _shape_of_statement(text: str) -> QueryShape:
    operation = text.split()[0].capitalize()
    is_select = operation in (SELECT, "With")
    aliased = bool(re.search(r"FROM kine AS ", text))
    counts = is_select and "COUNT(" in text
    found = {f"{column} {LIKE[-2:] if sign == 'LIKE' else sign}" for column, sign in IN_SQL.findall(text)}
    return QueryShape(
        operation=SELECT if is_select else operation,
        aliased=aliased,
        comparisons=_kept_comparisons(found, is_select, aliased),
        grouped=is_select and bool(re.search(r"GROUP BY|DISTINCT ON", text)),
        counts=counts,
        # Up to v0.11.8 a count selects it in a subquery, where the planner drops it.
        compaction=not counts and COMPACTION_KEY in text,
        scans=bool(re.search(r"FROM kine|^UPDATE", text)),
    )


def _shape_of_plan(plan: QueryPlan) -> QueryShape | None:
    """None for a plan that reads or writes another table, or that a user's own query may have."""
    tables = {node.relation for node in plan.nodes() if node.relation}
    # Kine reads no other table.
    if tables != {TABLE}:
        return None
    operation = next((str(node.details["Operation"]) for node in plan.nodes() if "Operation" in node.details), SELECT)
    scans = [node for node in plan.nodes() if node.relation == TABLE and node.kind.endswith("Scan")]
    aliased = any(not OWN_NAME.fullmatch(str(node.details.get("Alias", TABLE))) for node in scans)
    counts = _is_count(plan.root) and any(map(_groups_by_name, plan.nodes()))
    found = {" ".join(pair) for node in scans for pair in IN_PLAN.findall(joined_conditions(node, *SCAN_CONDITIONS))}
    shape = QueryShape(
        operation=operation,
        aliased=aliased,
        comparisons=_kept_comparisons(found, operation == SELECT, aliased),
        grouped=operation == SELECT and any(map(_groups_by_name, plan.nodes())),
        counts=counts,
        compaction=not counts and any(COMPACTION_KEY in joined_conditions(node) for node in scans),
        scans=bool(scans),
    )
    return None if operation == SELECT and _is_common(shape, plan, scans) else shape


def _kept_comparisons(found: set[str], is_select: bool, aliased: bool) -> frozenset[str]:
    """
    `id =` in a select is a join, or the result of a subquery, which a plan with parameters writes like an argument.

    Queries with aliases compare names by LIKE, those without by = or a range.
    """
    if aliased and found & {LIKE, *FROM_LIKE}:
        found = found - FROM_LIKE | {LIKE}
    return frozenset(found - {"id ="} if is_select else found)


def _groups_by_name(node: PlanNode) -> bool:
    key = str(node.details.get("Group Key", ""))
    return node.kind == "Unique" or node.kind.startswith("Distinct ") or bool(re.search(r"\bname\b", key))


def _is_count(root: PlanNode) -> bool:
    """An aggregate without a key at the top; there may be a Gather and partial aggregates below it."""
    node = root
    while node.kind in ("Gather", "Result", "Limit") and node.children:
        node = next((child for child in node.children if not is_detached(child)), node.children[0])
    return node.kind == "Aggregate" and "Group Key" not in node.details


def _is_common(shape: QueryShape, plan: QueryPlan, scans: list[PlanNode]) -> bool:
    """Whether a user's own query may have such a plan. Kine's reads also select the current or compacted revision."""
    if shape.counts:
        return not any(map(is_detached, plan.nodes()))
    if shape.grouped or shape.comparisons:
        return not shape.compaction
    return len(scans) != 1 or not MAXIMUM.search(joined_conditions(scans[0], "Index Cond"))
