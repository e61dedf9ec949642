"""The first line of a node in EXPLAIN's text form, as the keys that its JSON form has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

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
    "Bitmap Index Scan": "Index Name",
    "Subquery Scan": "Alias",
    "Values Scan": "Alias",
}
LONGEST = 300  # of a line of names alone: two identifiers of 63 bytes and the words between; SQL can be endless
ALONE = re.compile(
    r"(?:Parallel |Partial |Finalize |Async |YB |Custom |Foreign |Distinct )*"
    r"(?:Result|Limit|Sort|Incremental Sort|Unique|Hash|Append|Merge Append|Materialize|Memoize|Gather|Gather Merge"
    r"|WindowAgg|LockRows|ProjectSet|SetOp|Recursive Union|BitmapAnd|BitmapOr|Group|\w*Aggregate"
    r"|(?:Nested Loop|Hash|Merge|YB Batched Nested Loop)(?: [A-Z]\w+)*|[A-Z][\w ]* Scan(?: Backward)?"
    r"|(?:[\w ]+ (?:Scan|Scan Backward)|Insert|Update|Delete|Merge)(?: using \S+)? on \S+(?: \S+)?)$"
)


def is_node(line: str) -> bool:
    """Whether a line begins a plan: it has figures in parentheses or is a known node without (COSTS OFF)."""
    text = line.strip()
    return (FIGURES.search(text) is not None and text[0] != "(") or (len(text) < LONGEST and bool(ALONE.match(text)))


def first_line(line: str) -> dict[str, object]:
    """`Seq Scan on kine  (cost=0.00..8.10 rows=1 width=8)` as {"Node Type": "Seq Scan", "Plan Rows": 1.0, …}."""
    figures: dict[str, object] = {}
    text = line.strip()
    while found := FIGURES.search(text):
        figures = _figures(found.groupdict()) | figures
        text = text[: found.start()].rstrip()
    return _head(text) | figures


def _figures(groups: Mapping[str, str | None]) -> dict[str, object]:
    if groups["never"]:
        return dict(NEVER)
    if lock := groups["lock"]:
        return {"Lock Type": lock.removeprefix("Locked ")}
    return {KEYS[name]: float(value) for name, value in groups.items() if value is not None}


def _head(text: str) -> dict[str, object]:
    """Kind, index and target of the words before the figures."""
    if found := USING.match(text):
        return _kind(found["kind"]) | {"Index Name": _bare(found["index"])} | _target("", (found["rest"] or "")[4:])
    if found := ON.match(text):
        kind = _kind(found["kind"])
        return kind | _target(str(kind["Node Type"]), found["target"])
    return _kind(text)


def _target(kind: str, text: str) -> dict[str, object]:
    found = TARGET.match(text)
    if not found:
        return {}
    keys: dict[str, object] = {NAMED_BY_TARGET.get(kind, "Relation Name"): _bare(found["name"])}
    if kind != "Bitmap Index Scan":
        keys["Alias"] = _bare(found["alias"] or found["name"])
    if found["schema"]:
        keys["Schema"] = _bare(found["schema"])
    return keys


def _bare(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier


def _kind(text: str) -> dict[str, object]:
    """`Parallel Index Only Scan Backward` as Node Type, Parallel Aware and Scan Direction; and so for its kin."""
    keys: dict[str, object] = {}
    if text.startswith("Async "):
        keys["Async Capable"], text = True, text.removeprefix("Async ")
    keys["Parallel Aware"] = text.startswith("Parallel ")
    text = text.removeprefix("Parallel ")
    return keys | next((found for family in FAMILIES if (found := family(text))), {"Node Type": text})


def _scan(text: str) -> dict[str, object]:
    if not re.search(r"Index (Only )?Scan( Backward)?$", text) or text.startswith("Bitmap"):
        return {}
    direction = "Backward" if text.endswith(" Backward") else "Forward"
    return {"Node Type": text.removesuffix(" Backward"), "Scan Direction": direction}


def _aggregate(text: str) -> dict[str, object]:
    mode, _, name = text.rpartition(" ")
    if name not in STRATEGIES or mode not in ("", "Partial", "Finalize"):
        return {}
    return {"Node Type": "Aggregate", "Strategy": STRATEGIES[name], "Partial Mode": mode or "Simple"}


def _join(text: str) -> dict[str, object]:
    found = JOIN.match(text)
    if not found or text in ("Hash", "Merge"):
        return {}
    family = found["family"] + (" Join" if found["family"] in ("Hash", "Merge") else "")
    kind = (found["type"] or "").removesuffix("Join").strip()
    return {"Node Type": family, "Join Type": kind or "Inner"} if text != "Merge Append" else {}


def _write(text: str) -> dict[str, object]:
    operation = text.removeprefix("Foreign ")
    known = operation in ("Insert", "Update", "Delete", "Merge")
    return {"Node Type": "ModifyTable", "Operation": operation} if known else {}


def _set_operation(text: str) -> dict[str, object]:
    found = re.match(r"(?P<hashed>Hash)?SetOp (?P<command>Intersect|Except)(?P<all> All)?$", text)
    if not found:
        return {}
    command = found["command"] + (found["all"] or "")
    return {"Node Type": "SetOp", "Strategy": "Hashed" if found["hashed"] else "Sorted", "Command": command}


FAMILIES: tuple[Callable[[str], dict[str, object]], ...] = (_scan, _aggregate, _write, _join, _set_operation)
