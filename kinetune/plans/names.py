"""The names of nodes as EXPLAIN's text form writes them, and what their conditions are called."""

from __future__ import annotations

from kinetune.model.plan import Node

STRATEGIES = {"Hashed": "HashAggregate", "Sorted": "GroupAggregate", "Mixed": "MixedAggregate"}
CONDITIONS = (
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Filter",
    "One-Time Filter",
    "Storage Filter",
    "Storage Index Filter",
    "Remote Filter",
    "Remote Index Filter",
)
# Filters that YugabyteDB's storage evaluates; the Remote names are those of releases up to 2.19 (#14503).
PUSHED_DOWN = ("Storage Filter", "Storage Index Filter", "Remote Filter", "Remote Index Filter")


def operation(node: Node) -> str:
    """`Finalize HashAggregate`, `Parallel Index Only Scan Backward`, `Hash Left Join`, `Insert`."""
    details = node.details
    parallel = "Parallel " if details.get("Parallel Aware") is True else ""
    backward = " Backward" if details.get("Scan Direction") == "Backward" else ""
    name = {"Aggregate": _aggregate, "ModifyTable": _write}.get(node.kind, _plain)(node)
    return f"{parallel}{name}{backward}"


def title(node: Node) -> str:
    """The operation with its index and table: `Index Scan using kine_pkey on kine`, `CTE Scan on mkv`."""
    if node.kind == "Bitmap Index Scan":
        return f"{operation(node)} on {node.index}"
    using = f" using {node.index}" if node.index else ""
    target = source(node)
    return f"{operation(node)}{using}" + (f" on {target}" if target else "")


def access(node: Node) -> str:
    """The title without the table where an index names it already: `Index Only Scan using kine_list_query_index`."""
    return f"{operation(node)} using {node.index}" if node.index else title(node)


def source(node: Node) -> str | None:
    """The table, CTE or function that a scan reads."""
    named = (node.details.get(key) for key in ("CTE Name", "Function Name"))
    return node.relation or next((str(name) for name in named if name), None)


def condition(node: Node, *keys: str) -> str:
    """The conditions of those names, joined with AND; empty without any."""
    said = (node.details.get(key) for key in keys or CONDITIONS)
    return " AND ".join(text for text in said if isinstance(text, str))


def _aggregate(node: Node) -> str:
    mode = node.details.get("Partial Mode")
    name = STRATEGIES.get(str(node.details.get("Strategy")), "Aggregate")
    return f"{mode} {name}" if mode in ("Partial", "Finalize") else name


def _write(node: Node) -> str:
    return str(node.details.get("Operation") or node.kind)


def _plain(node: Node) -> str:
    kind = str(node.details.get("Join Type") or "Inner")
    if kind == "Inner":
        return node.kind
    return f"{node.kind.removesuffix(' Join')} {kind} Join"
