"""EXPLAIN in text form, as psql, logs and documentation print it, read into a QueryPlan."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kinetune.model.plan import QueryPlan
from kinetune.plans import json_form
from kinetune.plans.nodes import parse_leading_number, parse_scalar

Raw = dict[str, object]

HEADER = re.compile(r"(?P<role>(?P<what>CTE|InitPlan|SubPlan) [^:]+)$")
WORKER = re.compile(r"Worker \d+:")
JOINS = ("Nested Loop", "Hash Join", "Merge Join", "YB Batched Nested Loop", "YB Batched Nested Loop Join")
MEMBERS = ("Append", "Merge Append", "BitmapAnd", "BitmapOr")


def read_text_plan(text: str) -> QueryPlan:
    """
    The plan of one EXPLAIN in text form, equal to the plan of its JSON form except where the text has less.

    Lines before the first node are skipped (psql's header, the statement, auto_explain's Query Text), and so are lines
    that are neither nodes nor properties (`...`, `(5 rows)`). Only relative indentation determines the tree: a plan in
    the middle of a log keeps its shape. ValueError where there is no node, or a figure is not a number.
    """
    reader = _PlanReader()
    # Servers indent continued log lines with a tab: without expansion every line would begin in column 0 or 1.
    for line in text.expandtabs().splitlines():
        if line.strip():
            reader.read_line(line)
    return json_form.read_json_plan(reader.build_document())


class _PlanReader:
    """Reads line by line. `stack` is the path from the root to the last node, each with the column of its name."""

    def __init__(self) -> None:
        self.stack: list[tuple[int, Raw]] = []
        self.totals: Raw = {}
        self.group: Raw | None = None
        self.header: re.Match[str] | None = None
        self.buffers = False

    def read_line(self, line: str) -> None:
        column, text = len(line) - len(line.lstrip()), line.strip()
        if not self.stack:
            self._start_plan(column, text)
        elif text.startswith("->"):
            self._add_child(column, text)
        # Totals are printed at the indentation of the root; once one of them was read, no node can follow.
        elif self.group is not None or column <= self.stack[0][0]:
            self._add_total(column, text)
        elif found := HEADER.match(text):
            self._pop_to(column)
            self.header = found
        else:
            self._add_property(column, text)

    def build_document(self) -> Raw:
        """The JSON form of what was read."""
        if not self.stack:
            raise ValueError("no plan: a plan begins with a node such as `Seq Scan on kine  (cost=…)`")
        root = self.stack[0][1]
        # Only with BUFFERS: without it, zero blocks would be an invention.
        if self.buffers:
            _fill_blocks(root)
        return {"Plan": root, **self.totals}

    def _start_plan(self, column: int, text: str) -> None:
        if is_node_line(text):
            # Lines before the root are skipped without a check: they may be a statement or any log line.
            self.stack = [(column, parse_node_line(text))]

    def _add_child(self, column: int, text: str) -> None:
        name = text.removeprefix("->").lstrip()
        self._pop_to(column)
        parent = self.stack[-1][1]
        node = parse_node_line(name) | self._parent_relationship(parent)
        plans = parent.setdefault("Plans", [])
        assert isinstance(plans, list)
        plans.append(node)
        # The column of the name, not of the arrow: properties are indented relative to the name.
        self.stack.append((column + len(text) - len(name), node))

    def _pop_to(self, column: int) -> None:
        """Pop the stack to the deepest node whose name begins left of the column, at most to the root."""
        while len(self.stack) > 1 and self.stack[-1][0] >= column:
            self.stack.pop()

    def _parent_relationship(self, parent: Raw) -> Raw:
        """Parent Relationship as in JSON, and Subplan Name if a header precedes the node."""
        header, self.header = self.header, None
        if header:
            relationship = "SubPlan" if header["what"] == "SubPlan" else "InitPlan"
            return {"Parent Relationship": relationship, "Subplan Name": header["role"]}
        kind = str(parent["Node Type"])
        if kind in MEMBERS:
            return {"Parent Relationship": "Member"}
        if kind == "Subquery Scan":
            return {"Parent Relationship": "Subquery"}
        # The text form does not print the relationship; a join always prints its outer side first.
        outer_exists = kind in JOINS and any(
            plan.get("Parent Relationship") == "Outer" for plan in _child_plans(parent)
        )
        return {"Parent Relationship": "Inner" if outer_exists else "Outer"}

    def _add_property(self, column: int, text: str) -> None:
        self._pop_to(column)
        node = self.stack[-1][1]
        # Figures of single workers are kept as text: the node itself has the sums, and nothing here needs more.
        if WORKER.match(text):
            workers = node.setdefault("Workers", [])
            assert isinstance(workers, list)
            workers.append(text)
            return
        self.buffers = self.buffers or text.startswith("Buffers: ")
        node.update(parse_property(text, str(node["Node Type"])))

    def _add_total(self, column: int, text: str) -> None:
        """`Planning Time: 0.1 ms`; or a group (`Planning:`, `JIT:`) and the indented lines that follow it."""
        if column > self.stack[0][0] and self.group is not None:
            self.group.update(parse_property(text, ""))
        elif text.endswith(":") and ": " not in text:
            self.group = {}
            # JSON nests these too, for example "Planning": {"Shared Hit Blocks": 3}.
            self.totals[text[:-1]] = self.group
        else:
            self.group = {}
            self.totals.update(parse_property(text, ""))


def _child_plans(node: Raw) -> list[Raw]:
    plans = node.get("Plans")
    return plans if isinstance(plans, list) else []


def _fill_blocks(node: Raw) -> None:
    """The text form omits a node's blocks where there are none; JSON has 0."""
    for key, value in NO_BLOCKS.items():
        node.setdefault(key, value)
    for plan in _child_plans(node):
        _fill_blocks(plan)


FIGURES = re.compile(
    r"\((?:"
    r"cost=(?P<startup>[\d.]+)\.\.(?P<total>[\d.]+) rows=(?P<rows>[\d.]+) width=(?P<width>\d+)"
    r"|actual (?:time=(?P<first>[\d.]+)\.\.(?P<last>[\d.]+) )?rows=(?P<seen>[\d.]+) loops=(?P<loops>\d+)"
    r"|(?P<never>never executed)"
    r"|(?P<lock>Locked [A-Z ]+)"
    r")\)\s*$"
)
KEYS = {
    "startup": "Startup Cost",
    "total": "Total Cost",
    "rows": "Plan Rows",
    "width": "Plan Width",
    "first": "Actual Startup Time",
    "last": "Actual Total Time",
    "seen": "Actual Rows",
    "loops": "Actual Loops",
}
# JSON prints zeros for a node that never ran; the text form has words instead.
NEVER = {"Actual Rows": 0.0, "Actual Loops": 0.0, "Actual Startup Time": 0.0, "Actual Total Time": 0.0}
IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\s."]+)'
TARGET = re.compile(rf"(?:(?P<schema>{IDENTIFIER})\.)?(?P<name>{IDENTIFIER})(?:\s+(?P<alias>{IDENTIFIER}))?$")
USING = re.compile(rf"(?P<kind>.+?) using (?P<index>{IDENTIFIER})(?P<rest> on .*)?$")
ON = re.compile(r"(?P<kind>[A-Z][\w ]*?) on (?P<target>.+)$")
JOIN = re.compile(r"(?P<family>Hash|Merge|Nested Loop|YB Batched Nested Loop)(?: (?P<type>[A-Z][\w ]*?))?(?: Join)?$")
STRATEGIES = {
    "Aggregate": "Plain",
    "GroupAggregate": "Sorted",
    "HashAggregate": "Hashed",
    "MixedAggregate": "Mixed",
}
NAMED_BY_TARGET = {
    "CTE Scan": "CTE Name",
    "WorkTable Scan": "CTE Name",
    "Function Scan": "Function Name",
    "Table Function Scan": "Table Function Name",
    "Named Tuplestore Scan": "Tuplestore Name",
    # Its target is an index: the table is in the Bitmap Heap Scan above it.
    "Bitmap Index Scan": "Index Name",
    "Subquery Scan": "Alias",
    "Values Scan": "Alias",
}
# A node line without figures has at most two identifiers of 63 bytes; a longer line is SQL, and slow to match.
LONGEST = 300
NODE_WITHOUT_FIGURES = re.compile(
    r"(?:Parallel |Partial |Finalize |Async |YB |Custom |Foreign |Distinct )*"
    r"(?:Result|Limit|Sort|Incremental Sort|Unique|Hash|Append|Merge Append|Materialize|Memoize|Gather|Gather Merge"
    r"|WindowAgg|LockRows|ProjectSet|SetOp|Recursive Union|BitmapAnd|BitmapOr|Group|\w*Aggregate"
    r"|(?:Nested Loop|Hash|Merge|YB Batched Nested Loop)(?: [A-Z]\w+)*|[A-Z][\w ]* Scan(?: Backward)?"
    r"|(?:[\w ]+ (?:Scan|Scan Backward)|Insert|Update|Delete|Merge)(?: using \S+)? on \S+(?: \S+)?)$"
)


def is_node_line(line: str) -> bool:
    """Whether a line is a node: it ends with figures in parentheses, or is a known node without any (COSTS OFF)."""
    text = line.strip()
    return (FIGURES.search(text) is not None and text[0] != "(") or (
        len(text) < LONGEST and bool(NODE_WITHOUT_FIGURES.match(text))
    )


def parse_node_line(line: str) -> dict[str, object]:
    """`Seq Scan on kine  (cost=0.00..8.10 rows=1 width=8)` as {"Node Type": "Seq Scan", "Plan Rows": 1.0, …}."""
    figures: dict[str, object] = {}
    text = line.strip()
    # The estimate, the actual figures and a lock may follow each other: the last one is removed first.
    while found := FIGURES.search(text):
        figures = _parse_figures(found.groupdict()) | figures
        text = text[: found.start()].rstrip()
    return _parse_title(text) | figures


def _parse_figures(groups: Mapping[str, str | None]) -> dict[str, object]:
    if groups["never"]:
        return dict(NEVER)
    if lock := groups["lock"]:
        return {"Lock Type": lock.removeprefix("Locked ")}
    return {KEYS[name]: float(value) for name, value in groups.items() if value is not None}


def _parse_title(text: str) -> dict[str, object]:
    """Node type, index and target from the part before the figures."""
    # USING first: "Index Scan using i on t" also matches ON.
    if found := USING.match(text):
        return (
            _parse_kind(found["kind"])
            | {"Index Name": _unquote(found["index"])}
            | _parse_target("", (found["rest"] or "")[4:])
        )
    if found := ON.match(text):
        kind = _parse_kind(found["kind"])
        return kind | _parse_target(str(kind["Node Type"]), found["target"])
    return _parse_kind(text)


def _parse_target(kind: str, text: str) -> dict[str, object]:
    found = TARGET.match(text)
    if not found:
        return {}
    keys: dict[str, object] = {NAMED_BY_TARGET.get(kind, "Relation Name"): _unquote(found["name"])}
    if kind != "Bitmap Index Scan":
        keys["Alias"] = _unquote(found["alias"] or found["name"])
    if found["schema"]:
        keys["Schema"] = _unquote(found["schema"])
    return keys


def _unquote(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier


def _parse_kind(text: str) -> dict[str, object]:
    """`Parallel Index Only Scan Backward` as Node Type, Parallel Aware and Scan Direction; others accordingly."""
    keys: dict[str, object] = {}
    if text.startswith("Async "):
        keys["Async Capable"], text = True, text.removeprefix("Async ")
    # The words before a node type are separate keys in JSON, in this order: Async, Parallel, type, Backward.
    keys["Parallel Aware"] = text.startswith("Parallel ")
    text = text.removeprefix("Parallel ")
    return keys | next((found for family in FAMILIES if (found := family(text))), {"Node Type": text})


def _parse_scan(text: str) -> dict[str, object]:
    # "Backward" is part of the name of index scans only; Bitmap Index Scan has no direction.
    if not re.search(r"Index (Only )?Scan( Backward)?$", text) or text.startswith("Bitmap"):
        return {}
    direction = "Backward" if text.endswith(" Backward") else "Forward"
    return {"Node Type": text.removesuffix(" Backward"), "Scan Direction": direction}


def _parse_aggregate(text: str) -> dict[str, object]:
    mode, _, name = text.rpartition(" ")
    if name not in STRATEGIES or mode not in ("", "Partial", "Finalize"):
        return {}
    return {"Node Type": "Aggregate", "Strategy": STRATEGIES[name], "Partial Mode": mode or "Simple"}


def _parse_join(text: str) -> dict[str, object]:
    found = JOIN.match(text)
    # "Hash" alone is the node below a Hash Join, and "Merge" is the SQL command.
    if not found or text in ("Hash", "Merge"):
        return {}
    family = found["family"] + (" Join" if found["family"] in ("Hash", "Merge") else "")
    kind = (found["type"] or "").removesuffix("Join").strip()
    return {"Node Type": family, "Join Type": kind or "Inner"} if text != "Merge Append" else {}


def _parse_write(text: str) -> dict[str, object]:
    operation = text.removeprefix("Foreign ")
    known = operation in ("Insert", "Update", "Delete", "Merge")
    return {"Node Type": "ModifyTable", "Operation": operation} if known else {}


def _parse_set_operation(text: str) -> dict[str, object]:
    found = re.match(r"(?P<hashed>Hash)?SetOp (?P<command>Intersect|Except)(?P<all> All)?$", text)
    if not found:
        return {}
    command = found["command"] + (found["all"] or "")
    return {"Node Type": "SetOp", "Strategy": "Hashed" if found["hashed"] else "Sorted", "Command": command}


FAMILIES: tuple[Callable[[str], dict[str, object]], ...] = (
    _parse_scan,
    _parse_aggregate,
    _parse_write,
    _parse_join,
    _parse_set_operation,
)


KEY = re.compile(r"(?P<key>[A-Za-z][\w /()'\"-]*?):(?:\s+(?P<value>.*))?$")
METRIC = re.compile(r"(?P<key>Metric \S+?):? (?P<value>[\d.]+)$")
SEVERAL = ("Buckets", "Batches", "Planned Partitions", "Storage", "Hits", "Full-sort Groups", "Memory")
RENAMED_IN = {
    "Hash": {"Buckets": "Hash Buckets", "Batches": "Hash Batches", "Memory Usage": "Peak Memory Usage"},
    "Aggregate": {"Batches": "HashAgg Batches", "Memory Usage": "Peak Memory Usage"},
    "Memoize": {
        "Hits": "Cache Hits",
        "Misses": "Cache Misses",
        "Evictions": "Cache Evictions",
        "Overflows": "Cache Overflows",
        "Memory Usage": "Peak Memory Usage",
    },
}
SORT = re.compile(r"(?P<method>.+?)  (?P<type>Memory|Disk): (?P<used>\d+)kB")
TOUCHES = ("Hit", "Read", "Dirtied", "Written")
NO_BLOCKS: dict[str, object] = {f"{where} {touch} Blocks": 0 for where in ("Shared", "Local") for touch in TOUCHES}
NO_BLOCKS |= {"Temp Read Blocks": 0, "Temp Written Blocks": 0}


def parse_property(line: str, kind: str) -> dict[str, object]:
    """One line below a node of type `kind`; empty where it is not a property (`...`, `(5 rows)`)."""
    text = line.strip()
    # EXPLAIN (ANALYZE, DIST, DEBUG) prints counters of the storage below each node.
    if found := METRIC.match(text):
        return {found["key"]: parse_scalar(found["value"])}
    found = KEY.match(text)
    if not found:
        return {}
    key, value = found["key"], found["value"] or ""
    special = SPECIAL.get(key)
    if special:
        return special(value)
    # Several pairs on one line: only the first key is found by KEY.
    if key in SEVERAL and key not in ("Storage", "Memory"):
        return _parse_pairs(text, kind)
    return _parse_pairs(text, kind) if "  " in value and key in SEVERAL else {key: parse_scalar(value)}


def _parse_pairs(text: str, kind: str) -> dict[str, object]:
    """`Buckets: 1024  Batches: 1  Memory Usage: 9kB`: pairs separated by two blanks."""
    names = RENAMED_IN.get(kind, {})
    pairs = (part.partition(": ") for part in re.split(r"\s{2,}", text))
    return {names.get(key, key): parse_leading_number(value) for key, _, value in pairs}


def _parse_buffers(value: str) -> dict[str, object]:
    """`shared hit=3 read=4, temp written=2` as Shared Hit Blocks and the other nine; missing ones are 0."""
    # The text form prints only counters above zero, JSON prints all ten.
    found = dict(NO_BLOCKS)
    for group in value.split(", "):
        where, *figures = group.split()
        for name, number in re.findall(r"(\w+)=(\d+)", " ".join(figures)):
            found[f"{where.capitalize()} {name.capitalize()} Blocks"] = int(number)
    return found


def _parse_sort(value: str) -> dict[str, object]:
    found = SORT.match(value)
    if not found:
        return {"Sort Method": value}
    return {
        "Sort Method": found["method"],
        "Sort Space Type": found["type"],
        "Sort Space Used": int(found["used"]),
    }


def _parse_heap_blocks(value: str) -> dict[str, object]:
    found = re.findall(r"(exact|lossy)=(\d+)", value)
    return {f"{name.capitalize()} Heap Blocks": int(number) for name, number in found}


def _parse_timing(value: str) -> dict[str, object]:
    """JIT: `Generation 0.057 ms (Deform 0.01 ms), …, Total 4.884 ms`."""
    return {"Timing": {name: float(number) for name, number in re.findall(r"(\w+) (\d+(?:\.\d+)?) ms", value)}}


SPECIAL = {
    "Buffers": _parse_buffers,
    "Sort Method": _parse_sort,
    "Heap Blocks": _parse_heap_blocks,
    "Timing": _parse_timing,
}
