"""
Nodes of a plan: their names as EXPLAIN's text form writes them, numbers out of their properties, and their own costs.

EXPLAIN's figures of a node include everything that ran while the node ran. Own costs are those without the nodes below.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from kinetune.model.plan import PlanNode

ReadAmount = Callable[[PlanNode], float | None]
OwnAmounts = dict[int, float]
DetachedPlan = tuple[PlanNode, list[PlanNode]]


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


# Filters that YugabyteDB's storage evaluates; releases up to 2.19 call them Remote (yugabyte-db#14503).
PUSHED_DOWN = ("Storage Filter", "Storage Index Filter", "Remote Filter", "Remote Index Filter")


def operation_name(node: PlanNode) -> str:
    """`Finalize HashAggregate`, `Parallel Index Only Scan Backward`, `Hash Left Join`, `Insert`."""
    details = node.details
    parallel = "Parallel " if details.get("Parallel Aware") is True else ""
    backward = " Backward" if details.get("Scan Direction") == "Backward" else ""
    name = {"Aggregate": _aggregate_name, "ModifyTable": _write_name}.get(node.kind, _join_name)(node)
    return f"{parallel}{name}{backward}"


def node_title(node: PlanNode) -> str:
    """The operation with its index and table: `Index Scan using kine_pkey on kine`, `CTE Scan on mkv`."""
    if node.kind == "Bitmap Index Scan":
        return f"{operation_name(node)} on {node.index}"
    using = f" using {node.index}" if node.index else ""
    target = source_name(node)
    return f"{operation_name(node)}{using}" + (f" on {target}" if target else "")


def access_name(node: PlanNode) -> str:
    """The title without the table where the index implies it: `Index Only Scan using kine_list_query_index`."""
    return f"{operation_name(node)} using {node.index}" if node.index else node_title(node)


def source_name(node: PlanNode) -> str | None:
    """The table, CTE or function that a scan reads."""
    named = (node.details.get(key) for key in ("CTE Name", "Function Name"))
    return node.relation or next((str(name) for name in named if name), None)


def joined_conditions(node: PlanNode, *keys: str) -> str:
    """The conditions under these keys, joined with AND; empty without any."""
    conditions = (node.details.get(key) for key in keys or CONDITIONS)
    return " AND ".join(text for text in conditions if isinstance(text, str))


def _aggregate_name(node: PlanNode) -> str:
    mode = node.details.get("Partial Mode")
    name = STRATEGIES.get(str(node.details.get("Strategy")), "Aggregate")
    return f"{mode} {name}" if mode in ("Partial", "Finalize") else name


def _write_name(node: PlanNode) -> str:
    return str(node.details.get("Operation") or node.kind)


def _join_name(node: PlanNode) -> str:
    kind = str(node.details.get("Join Type") or "Inner")
    if kind == "Inner":
        return node.kind
    return f"{node.kind.removesuffix(' Join')} {kind} Join"


LEADING = re.compile(r"-?\d+(?:\.\d+)?")


def to_number(value: object) -> float | None:
    """The finite number of an int, a float or a text; None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def round_or_none(value: float | None) -> int | None:
    return None if value is None else round(value)


def parse_scalar(text: str) -> int | float | str:
    """`12`, `0.5 ms` and `24 kB` as numbers in EXPLAIN's own units; any other text unchanged."""
    bare = text.strip().removesuffix("ms").removesuffix("kB").strip()
    if not LEADING.fullmatch(bare):
        return text.strip()
    return float(bare) if "." in bare else int(bare)


def parse_leading_number(text: str) -> int | float | str:
    """`2048 (originally 1024)` as 2048."""
    found = LEADING.match(text.strip())
    return parse_scalar(found[0]) if found else text.strip()


# Printed averages are rounded to a microsecond; over thousands of loops that is one or two percent.
ROUNDING = 0.98


PARAMETER = re.compile(r"\$\d+")


def with_own_costs(root: PlanNode) -> PlanNode:
    """The same plan with `own_ms` and `own_blocks`; none is negative, and their sum is the figure of the root."""
    times = own_amounts(root, lambda node: node.total_ms)
    blocks = own_amounts(root, shared_blocks)
    return _rebuild_node(root, times, blocks)


def shared_blocks(node: PlanNode) -> float | None:
    """Shared blocks hit or read by a node and those below it, over all loops; None without BUFFERS."""
    hit, missed = to_number(node.details.get("Shared Hit Blocks")), to_number(node.details.get("Shared Read Blocks"))
    return None if hit is None and missed is None else (hit or 0.0) + (missed or 0.0)


def own_amounts(root: PlanNode, amount: ReadAmount) -> OwnAmounts:
    """
    The amount of each node alone, by `id` of the node; empty where the root has none.

    A CTE that no node reads is not subtracted: if it writes, it runs after the root has ended and is not in its figure.
    """
    if amount(root) is None:
        return {}
    left: OwnAmounts = {}
    # The innermost first: the fewest nodes may have run them.
    debts = list(_detached_plans(root))[::-1]
    for tree in [root, *(plan for plan, _ in debts)]:
        _share_out(left, tree, amount(tree) or 0.0, amount)
    # After all shares are known: a node pays from what remains of its own amount.
    for plan, payers in sorted(debts, key=_charge_order):
        _charge_payers(left, payers, amount(plan) or 0.0)
    return left


def _share_out(left: OwnAmounts, node: PlanNode, granted: float, amount: ReadAmount) -> None:
    """
    Assign to the node what remains of its amount after its children.

    The children's sum may exceed the amount of the parent: averages are printed to a microsecond, which is half of a
    fast inner loop, and parallel processes do not end at the same time. Then every child gets proportionally less.
    """
    children = [child for child in node.children if not is_detached(child)]
    claimed = sum(amount(child) or 0.0 for child in children)
    # Never more than the parent has: own amounts must not become negative.
    share = min(1.0, granted / claimed) if claimed > 0 else 1.0
    left[id(node)] = max(granted - claimed, 0.0)
    for child in children:
        _share_out(left, child, (amount(child) or 0.0) * share, amount)


def _detached_plans(root: PlanNode) -> Iterator[DetachedPlan]:
    """Every CTE and InitPlan with the nodes that may have run it, the most likely one first."""
    for owner in root.walk():
        for plan in owner.children:
            if is_cte(plan):
                yield plan, _named_payers(owner, plan)
            elif is_detached(plan):
                yield plan, _named_payers(owner, plan) + list(_attached_nodes(owner))


def _charge_order(debt: DetachedPlan) -> int:
    """CTEs first: their readers are known. Without VERBOSE no node names an InitPlan of a target list."""
    return 0 if is_cte(debt[0]) else 1


def is_detached(node: PlanNode) -> bool:
    """CTEs and InitPlans: they are printed below one node and run in another."""
    return node.details.get("Parent Relationship") == "InitPlan"


def is_cte(node: PlanNode) -> bool:
    return is_detached(node) and (node.role or "").startswith("CTE ")


def _attached_nodes(node: PlanNode) -> Iterator[PlanNode]:
    """The node and the nodes below it, without CTEs and InitPlans."""
    yield node
    for child in node.children:
        if not is_detached(child):
            yield from _attached_nodes(child)


def _nodes_outside(owner: PlanNode, plan: PlanNode) -> list[PlanNode]:
    """The nodes of the owner's subtree outside of the plan, in the order of EXPLAIN."""
    inside = {id(node) for node in plan.walk()}
    return [node for node in owner.walk() if id(node) not in inside]


def _named_payers(owner: PlanNode, plan: PlanNode) -> list[PlanNode]:
    """The nodes that name a CTE (CTE Scan) or an InitPlan's value ($3 up to 16, `(InitPlan 3).col1` from 17)."""
    nodes = _nodes_outside(owner, plan)
    role = plan.role or ""
    if is_cte(plan):
        return [node for node in nodes if node.details.get("CTE Name") == role.removeprefix("CTE ")]
    # "InitPlan 1 (returns $0)" is used as $0 by releases up to 16, as (InitPlan 1).col1 from 17 on.
    names = [*PARAMETER.findall(role), f"({role.split(' (')[0]})"]
    wanted = re.compile("|".join(rf"{re.escape(name)}(?!\d)" for name in names))
    return [node for node in nodes if _names_value(node.details, wanted)]


def _names_value(details: Mapping[str, object], wanted: re.Pattern[str]) -> bool:
    return any(wanted.search(str(value)) for key, value in details.items() if key != "Subplan Name")


def _charge_payers(left: OwnAmounts, payers: list[PlanNode], due: float) -> None:
    """Subtract from the first node that has enough, else from the nodes that have the most."""
    # A node that needs the value usually took at least that long; else the largest ones share it.
    first = [node for node in payers if left[id(node)] >= due * ROUNDING][:1]
    most = sorted(payers, key=lambda node: -left[id(node)])
    for node in first + most:
        part = min(due, left[id(node)])
        left[id(node)] -= part
        due -= part


def _rebuild_node(node: PlanNode, times: OwnAmounts, blocks: OwnAmounts) -> PlanNode:
    own_blocks = blocks.get(id(node))
    return replace(
        node,
        children=tuple(_rebuild_node(child, times, blocks) for child in node.children),
        own_ms=times.get(id(node)),
        own_blocks=None if own_blocks is None else round(own_blocks),
    )
