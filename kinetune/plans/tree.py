"""A plan as lines of plain text: each node with its time, rows and work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.formatting import format_count, format_duration, format_number, format_percent
from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.plans.nodes import CONDITIONS, node_title, to_number

LONGEST_CONDITION = 100  # a terminal has 80 to 120 columns
NOTES = ("Sort Key", "Sort Method", "Group Key", *CONDITIONS, "Heap Fetches", "Partial Aggregate")


@dataclass(frozen=True)
class TreeStrokes:
    """The characters of a tree: branches of equal width, the separator of figures and the mark of omitted text."""

    branch: str
    last: str
    through: str
    blank: str = "   "
    between: str = " · "
    cut: str = "…"


UNICODE = TreeStrokes(branch="├─ ", last="└─ ", through="│  ")
ASCII = TreeStrokes(branch="+- ", last="`- ", through="|  ", between="; ", cut="...")


def tree_lines(plan: QueryPlan, strokes: TreeStrokes = UNICODE) -> Iterator[str]:
    """
    One line for each node, and one below it for each condition.

    The time is the node's own and its share of the total; rows are over all loops, then the planner's estimate; then
    YugabyteDB's storage requests or the shared blocks of this node alone. Figures that EXPLAIN did not print are
    omitted.
    """
    total = plan.root.total_ms
    yield from _draw_node(plan.root, "", TreeDrawing(strokes, total))


@dataclass(frozen=True)
class TreeDrawing:
    """The strokes, and the root's milliseconds."""

    strokes: TreeStrokes
    total: float | None


def _draw_node(node: PlanNode, indent: str, drawing: TreeDrawing) -> Iterator[str]:
    yield drawing.strokes.between.join([_named_title(node), *_node_figures(node, drawing.total)])
    below = indent + (drawing.strokes.through if node.children else drawing.strokes.blank)
    for note in _condition_lines(node, drawing.strokes.cut):
        yield f"{below}{note}"
    for child in node.children:
        is_last = child is node.children[-1]
        deeper = indent + (drawing.strokes.blank if is_last else drawing.strokes.through)
        first, *rest = _draw_node(child, deeper, drawing)
        yield indent + (drawing.strokes.last if is_last else drawing.strokes.branch) + first
        yield from rest


def _named_title(node: PlanNode) -> str:
    # Outer, Inner and Member are left out: the tree shows them.
    is_named = node.role is not None and re.match(r"(CTE|InitPlan|SubPlan)\b", node.role)
    return f"{node.role}: {node_title(node)}" if is_named else node_title(node)


def _node_figures(node: PlanNode, total: float | None) -> Iterator[str]:
    if node.loops == 0:
        yield "never executed"
        return
    # Own time, not inclusive time: the slow node is visible without subtracting by hand.
    if node.own_ms is not None:
        yield format_duration(node.own_ms) + (f" ({format_percent(node.own_ms, total)})" if total else "")
    yield from _row_figures(node)
    if node.requests is not None:
        yield from [format_count(node.requests, "request")] if node.requests else []
    elif node.own_blocks:
        yield format_count(node.own_blocks, "block")


def _row_figures(node: PlanNode) -> Iterator[str]:
    """`4,000 rows in 4 loops, 12 expected in each`; the planner estimates one loop."""
    loops = node.loops or 1
    expected = node.estimated_rows
    if node.rows is None:
        yield from [f"{format_count(expected, 'row')} expected"] if expected is not None else []
        return
    turns, each = (f" in {format_number(loops)} loops", " in each") if loops > 1 else ("", "")
    estimate = "" if expected is None else f", {format_number(expected)} expected{each}"
    yield f"{format_count(node.rows, 'row')}{turns}{estimate}"
    if node.removed:
        yield f"{format_number(node.removed)} removed"


def _condition_lines(node: PlanNode, cut: str) -> Iterator[str]:
    for key in NOTES:
        value = node.details.get(key)
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        # Keys such as Heap Fetches are always printed, and matter only above zero.
        is_worth_it = value not in (None, "", False) and to_number(value) != 0
        if is_worth_it:
            yield f"{key}: {shorten_middle(text, cut)}"


def shorten_middle(text: str, cut: str = UNICODE.cut) -> str:
    """At most LONGEST_CONDITION characters on one line without the middle: the bounds of a range are at both ends."""
    line = " ".join(text.split())
    if len(line) <= LONGEST_CONDITION:
        return line
    half = (LONGEST_CONDITION - len(cut)) // 2
    return f"{line[:half]}{cut}{line[-half:]}"
