"""EXPLAIN in text form, as psql, logs and documentation quote it, read into a Plan."""

from __future__ import annotations

import re

from kinetune.model.plan import Plan
from kinetune.plans import json_form
from kinetune.plans.text_names import first_line, is_node
from kinetune.plans.text_values import NO_BLOCKS, prop

Raw = dict[str, object]

HEADER = re.compile(r"(?P<role>(?P<what>CTE|InitPlan|SubPlan) [^:]+)$")
WORKER = re.compile(r"Worker \d+:")
JOINS = ("Nested Loop", "Hash Join", "Merge Join", "YB Batched Nested Loop", "YB Batched Nested Loop Join")
MEMBERS = ("Append", "Merge Append", "BitmapAnd", "BitmapOr")


def read(text: str) -> Plan:
    """
    The plan of one EXPLAIN in text form, equal to the plan of its JSON form except where the text says less.

    Lines before the first node are passed over (psql's header, the statement, auto_explain's Query Text), and so are
    lines that are neither nodes nor properties (`...`, `(5 rows)`). Indentation alone makes the tree, so a plan
    quoted in the middle of a log keeps its shape. ValueError when there is no node, or a figure is no number.
    """
    reader = _Reader()
    for line in text.expandtabs().splitlines():
        if line.strip():
            reader.take(line)
    return json_form.read(reader.document())


class _Reader:
    """Takes the lines one by one. `stack` is the way from the root to the last node, each with its name's column."""

    def __init__(self) -> None:
        self.stack: list[tuple[int, Raw]] = []
        self.totals: Raw = {}
        self.group: Raw | None = None
        self.header: re.Match[str] | None = None
        self.buffers = False

    def take(self, line: str) -> None:
        column, text = len(line) - len(line.lstrip()), line.strip()
        if not self.stack:
            self._root(column, text)
        elif text.startswith("->"):
            self._child(column, text)
        elif self.group is not None or column <= self.stack[0][0]:
            self._total(column, text)
        elif found := HEADER.match(text):
            self._climb(column)
            self.header = found
        else:
            self._property(column, text)

    def document(self) -> Raw:
        """The JSON form of what was read."""
        if not self.stack:
            raise ValueError("no plan: EXPLAIN's text begins with a node such as `Seq Scan on kine  (cost=…)`")
        root = self.stack[0][1]
        if self.buffers:
            _fill_blocks(root)
        return {"Plan": root, **self.totals}

    def _root(self, column: int, text: str) -> None:
        if is_node(text):
            self.stack = [(column, first_line(text))]

    def _child(self, column: int, text: str) -> None:
        name = text.removeprefix("->").lstrip()
        self._climb(column)
        parent = self.stack[-1][1]
        node = first_line(name) | self._role(parent)
        plans = parent.setdefault("Plans", [])
        assert isinstance(plans, list)
        plans.append(node)
        self.stack.append((column + len(text) - len(name), node))

    def _climb(self, column: int) -> None:
        """Back to the deepest node whose name begins left of the column; the root at the utmost."""
        while len(self.stack) > 1 and self.stack[-1][0] >= column:
            self.stack.pop()

    def _role(self, parent: Raw) -> Raw:
        """Parent Relationship as JSON says it, and the Subplan Name if a header came before."""
        header, self.header = self.header, None
        if header:
            relationship = "SubPlan" if header["what"] == "SubPlan" else "InitPlan"
            return {"Parent Relationship": relationship, "Subplan Name": header["role"]}
        kind = str(parent["Node Type"])
        if kind in MEMBERS:
            return {"Parent Relationship": "Member"}
        if kind == "Subquery Scan":
            return {"Parent Relationship": "Subquery"}
        outer_exists = kind in JOINS and any(plan.get("Parent Relationship") == "Outer" for plan in _plans(parent))
        return {"Parent Relationship": "Inner" if outer_exists else "Outer"}

    def _property(self, column: int, text: str) -> None:
        self._climb(column)
        node = self.stack[-1][1]
        if WORKER.match(text):
            workers = node.setdefault("Workers", [])
            assert isinstance(workers, list)
            workers.append(text)
            return
        self.buffers = self.buffers or text.startswith("Buffers: ")
        node.update(prop(text, str(node["Node Type"])))

    def _total(self, column: int, text: str) -> None:
        """`Planning Time: 0.1 ms`; or a group (`Planning:`, `JIT:`) and the indented lines that follow it."""
        if column > self.stack[0][0] and self.group is not None:
            self.group.update(prop(text, ""))
        elif text.endswith(":") and ": " not in text:
            self.group = {}
            self.totals[text[:-1]] = self.group
        else:
            self.group = {}
            self.totals.update(prop(text, ""))


def _plans(node: Raw) -> list[Raw]:
    plans = node.get("Plans")
    return plans if isinstance(plans, list) else []


def _fill_blocks(node: Raw) -> None:
    """Text is silent about a node that touched no block; JSON says 0."""
    for key, value in NO_BLOCKS.items():
        node.setdefault(key, value)
    for plan in _plans(node):
        _fill_blocks(plan)
