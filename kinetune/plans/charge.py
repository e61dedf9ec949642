"""
What each node took itself: inclusive times and blocks made exclusive.

EXPLAIN's figures of a node include all that ran while the node ran. For ordinary children and SubPlans that is the
children's figure. A CTE or an InitPlan hangs elsewhere than where it runs: the CTE in the CTE Scan that pulls it, the
InitPlan in the node that first needs its value. Both are subtracted once, there. Buffers go the same way, seen on
PostgreSQL 15 and 18 (tests/data/plans: in E20-list-page CTE mkv and its CTE Scan both say 1,543 blocks, the root
1,550).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from kinetune.model.plan import Node
from kinetune.plans.numbers import number

Amount = Callable[[Node], float | None]
Left = dict[int, float]
Debt = tuple[Node, list[Node]]

ROUNDING = 0.98  # printed averages are rounded to a microsecond, over thousands of loops that is a percent or two
PARAMETER = re.compile(r"\$\d+")


def settled(root: Node) -> Node:
    """The same plan with `own_ms` and `own_blocks`, never negative, that sum up to the root's own figure."""
    times = exclusive(root, lambda node: node.total_ms)
    blocks = exclusive(root, touched)
    return _rebuilt(root, times, blocks)


def touched(node: Node) -> float | None:
    """Shared blocks hit or read by a node and all that ran below it; None without BUFFERS. Not per loop: the sum."""
    hit, missed = number(node.details.get("Shared Hit Blocks")), number(node.details.get("Shared Read Blocks"))
    return None if hit is None and missed is None else (hit or 0.0) + (missed or 0.0)


def exclusive(root: Node, amount: Amount) -> Left:
    """
    The amount of each node alone, by `id` of the node; empty when the root says none.

    A CTE nobody reads is charged to nobody: a writing one runs after the root has ended, outside the root's figure.
    """
    if amount(root) is None:
        return {}
    left: Left = {}
    debts = list(_debts(root))[::-1]  # the innermost first, for they are surest
    for tree in [root, *(plan for plan, _ in debts)]:
        _spread(left, tree, amount(tree) or 0.0, amount)
    for plan, payers in sorted(debts, key=_certainty):
        _charge(left, payers, amount(plan) or 0.0)
    return left


def _spread(left: Left, node: Node, granted: float, amount: Amount) -> None:
    """
    Give the node what its children do not take of the amount granted to it.

    Children may claim more than their parent has: averages are printed to a microsecond, which is half of a fast inner
    loop, and processes side by side do not end at once. Then all of them get a little less.
    """
    children = [child for child in node.children if not is_detached(child)]
    claimed = sum(amount(child) or 0.0 for child in children)
    share = min(1.0, granted / claimed) if claimed > 0 else 1.0
    left[id(node)] = max(granted - claimed, 0.0)
    for child in children:
        _spread(left, child, (amount(child) or 0.0) * share, amount)


def _debts(root: Node) -> Iterator[Debt]:
    """Every CTE and InitPlan with the nodes that may have run it, the likeliest first."""
    for owner in root.walk():
        for plan in owner.children:
            if is_cte(plan):
                yield plan, _named_payers(owner, plan)
            elif is_detached(plan):
                yield plan, _named_payers(owner, plan) + list(_attached(owner))


def _certainty(debt: Debt) -> int:
    """CTEs first: their readers are known. An InitPlan in a target list is named nowhere without VERBOSE."""
    return 0 if is_cte(debt[0]) else 1


def is_detached(node: Node) -> bool:
    """CTEs and InitPlans: they hang below one node and run in another."""
    return node.details.get("Parent Relationship") == "InitPlan"


def is_cte(node: Node) -> bool:
    return is_detached(node) and (node.role or "").startswith("CTE ")


def _attached(node: Node) -> Iterator[Node]:
    """The node and what runs below it, without CTEs and InitPlans."""
    yield node
    for child in node.children:
        if not is_detached(child):
            yield from _attached(child)


def _outside(owner: Node, plan: Node) -> list[Node]:
    """The nodes of the owner's subtree without the plan's own, in the order of EXPLAIN."""
    inside = {id(node) for node in plan.walk()}
    return [node for node in owner.walk() if id(node) not in inside]


def _named_payers(owner: Node, plan: Node) -> list[Node]:
    """The nodes that name a CTE (CTE Scan) or an InitPlan's value ($3 up to 16, `(InitPlan 3).col1` from 17)."""
    nodes = _outside(owner, plan)
    role = plan.role or ""
    if is_cte(plan):
        return [node for node in nodes if node.details.get("CTE Name") == role.removeprefix("CTE ")]
    names = [*PARAMETER.findall(role), f"({role.split(' (')[0]})"]
    wanted = re.compile("|".join(rf"{re.escape(name)}(?!\d)" for name in names))
    return [node for node in nodes if _mentions(node.details, wanted)]


def _mentions(details: Mapping[str, object], wanted: re.Pattern[str]) -> bool:
    return any(wanted.search(str(value)) for key, value in details.items() if key != "Subplan Name")


def _charge(left: Left, payers: list[Node], due: float) -> None:
    """Take the due from the first node that has enough, or from those that have most."""
    first = [node for node in payers if left[id(node)] >= due * ROUNDING][:1]
    most = sorted(payers, key=lambda node: -left[id(node)])
    for node in first + most:
        part = min(due, left[id(node)])
        left[id(node)] -= part
        due -= part


def _rebuilt(node: Node, times: Left, blocks: Left) -> Node:
    own_blocks = blocks.get(id(node))
    return replace(
        node,
        children=tuple(_rebuilt(child, times, blocks) for child in node.children),
        own_ms=times.get(id(node)),
        own_blocks=None if own_blocks is None else round(own_blocks),
    )
