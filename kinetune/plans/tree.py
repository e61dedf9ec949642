"""A plan as lines of plain text: who did what, how long, how much it read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.model.plan import Node, Plan
from kinetune.plans.names import CONDITIONS, title
from kinetune.plans.numbers import count, counted, milliseconds, number

WIDEST = 100  # of a condition; a terminal has 80 to 120 columns
NOTES = ("Sort Key", "Sort Method", "Group Key", *CONDITIONS, "Heap Fetches", "Partial Aggregate")


@dataclass(frozen=True)
class Strokes:
    """What a tree is drawn with: branches of one width, what stands between figures and for a cut."""

    branch: str
    last: str
    through: str
    blank: str = "   "
    between: str = " · "
    cut: str = "…"


UNICODE = Strokes(branch="├─ ", last="└─ ", through="│  ")
ASCII = Strokes(branch="+- ", last="`- ", through="|  ", between="; ", cut="...")


def lines(plan: Plan, strokes: Strokes = UNICODE) -> Iterator[str]:
    """
    One line for each node, and one below it for each condition.

    The time is the node's own and its share of the whole; rows are over all loops, then what the planner expected;
    then YugabyteDB's storage requests or the shared blocks that this node alone touched. Figures that EXPLAIN
    did not say are left out.
    """
    total = plan.root.total_ms
    yield from _subtree(plan.root, "", Drawing(strokes, total))


@dataclass(frozen=True)
class Drawing:
    """The strokes, and the root's milliseconds."""

    strokes: Strokes
    total: float | None


def _subtree(node: Node, indent: str, drawing: Drawing) -> Iterator[str]:
    yield drawing.strokes.between.join([_name(node), *_figures(node, drawing.total)])
    below = indent + (drawing.strokes.through if node.children else drawing.strokes.blank)
    for note in _notes(node, drawing.strokes.cut):
        yield f"{below}{note}"
    for child in node.children:
        is_last = child is node.children[-1]
        deeper = indent + (drawing.strokes.blank if is_last else drawing.strokes.through)
        first, *rest = _subtree(child, deeper, drawing)
        yield indent + (drawing.strokes.last if is_last else drawing.strokes.branch) + first
        yield from rest


def _name(node: Node) -> str:
    is_named = node.role is not None and re.match(r"(CTE|InitPlan|SubPlan)\b", node.role)
    return f"{node.role}: {title(node)}" if is_named else title(node)


def _figures(node: Node, total: float | None) -> Iterator[str]:
    if node.loops == 0:
        yield "never executed"
        return
    if node.own_ms is not None:
        yield milliseconds(node.own_ms) + (f" ({node.own_ms / total:.0%})" if total else "")
    yield from _rows(node)
    if node.requests is not None:
        yield from [counted(node.requests, "request")] if node.requests else []
    elif node.own_blocks:
        yield counted(node.own_blocks, "block")


def _rows(node: Node) -> Iterator[str]:
    """`4,000 rows in 4 loops, 12 expected in each`; the estimate is of one loop."""
    loops = node.loops or 1
    expected = node.estimated_rows
    if node.rows is None:
        yield from [f"{counted(expected, 'row')} expected"] if expected is not None else []
        return
    turns, each = (f" in {count(loops)} loops", " in each") if loops > 1 else ("", "")
    estimate = "" if expected is None else f", {count(expected)} expected{each}"
    yield f"{counted(node.rows, 'row')}{turns}{estimate}"
    if node.removed:
        yield f"{count(node.removed)} removed"


def _notes(node: Node, cut: str) -> Iterator[str]:
    for key in NOTES:
        value = node.details.get(key)
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        is_worth_it = value not in (None, "", False) and number(value) != 0
        if is_worth_it:
            yield f"{key}: {shortened(text, cut)}"


def shortened(text: str, cut: str = UNICODE.cut) -> str:
    """At most WIDEST characters on one line, the middle given up: a range's two ends are at the ends."""
    line = " ".join(text.split())
    if len(line) <= WIDEST:
        return line
    half = (WIDEST - len(cut)) // 2
    return f"{line[:half]}{cut}{line[-half:]}"
