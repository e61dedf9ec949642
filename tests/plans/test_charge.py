from __future__ import annotations

import pytest

from kinetune.model.plan import PlanNode
from kinetune.plans import json_form


def node(kind: str, ms: float, *plans: dict[str, object], **keys: object) -> dict[str, object]:
    named = {key.replace("_", " "): value for key, value in keys.items()}
    figures = {"Actual Total Time": ms, "Actual Rows": 1, "Actual Loops": 1}
    return {"Node Type": kind, "Parent Relationship": "Outer", **figures, **named, "Plans": list(plans)}


def cte(name: str, plan: dict[str, object]) -> dict[str, object]:
    return {**plan, "Parent Relationship": "InitPlan", "Subplan Name": f"CTE {name}"}


def init_plan(number: int, plan: dict[str, object]) -> dict[str, object]:
    return {**plan, "Parent Relationship": "InitPlan", "Subplan Name": f"InitPlan {number} (returns ${number - 1})"}


def own(tree: dict[str, object]) -> dict[str, float | None]:
    def name(each: PlanNode) -> str:
        return str(each.details.get("Alias", each.kind))

    return {name(each): each.own_ms for each in json_form.read_json_plan({"Plan": tree}).nodes()}


def test_a_cte_with_two_readers_is_charged_to_the_one_that_pulled_it() -> None:
    early = node("CTE Scan", 0.1, CTE_Name="a", Alias="early")
    late = node("CTE Scan", 9.0, CTE_Name="a", Alias="late")
    found = own(node("Append", 10.0, cte("a", node("Seq Scan", 8.5)), early, late))
    assert found == {"Append": pytest.approx(0.9), "Seq Scan": 8.5, "early": 0.1, "late": pytest.approx(0.5)}


def test_a_cte_that_two_readers_pulled_in_turn_is_charged_to_both() -> None:
    readers = [node("CTE Scan", 5.0, CTE_Name="a", Alias=alias) for alias in "xy"]
    found = own(node("Append", 10.0, cte("a", node("Seq Scan", 8.0)), *readers))
    assert found == {"Append": 0.0, "Seq Scan": 8.0, "x": 0.0, "y": 2.0}


def test_an_init_plan_is_charged_to_the_node_that_names_its_value() -> None:
    reader = node("Index Scan", 6.0, Index_Cond="(id = $0)")
    other = node("Seq Scan", 6.0, Filter="(id = $01)")
    found = own(node("Nested Loop", 12.5, init_plan(1, node("Result", 5.0)), other, reader))
    assert found["Index Scan"] == pytest.approx(1.0)
    assert found["Seq Scan"] == pytest.approx(6.0)


def test_an_init_plan_that_is_named_nowhere_is_charged_to_a_node_that_can_pay() -> None:
    sort = node("Sort", 9.9, node("Seq Scan", 2.0))
    found = own(node("Limit", 10.0, init_plan(1, node("Result", 7.0)), sort))
    assert found == {
        "Limit": pytest.approx(0.1),
        "Result": 7.0,
        "Sort": pytest.approx(0.9),
        "Seq Scan": 2.0,
    }


def test_a_writing_cte_that_nobody_reads_is_charged_to_nobody() -> None:
    found = own(node("Result", 0.1, cte("w", node("ModifyTable", 30.0))))
    assert found == {"Result": 0.1, "ModifyTable": 30.0}


def test_children_that_claim_more_than_their_parent_share_what_it_has() -> None:
    slow = node("Index Scan", 0.001, Actual_Loops=9000)
    found = own(node("Nested Loop", 8.0, node("Seq Scan", 1.0), slow))
    assert found["Nested Loop"] == 0
    assert sum(value or 0 for value in found.values()) == pytest.approx(8.0)


def test_a_recursive_cte_is_not_charged_to_itself() -> None:
    inside = node("CTE Scan", 3.0, CTE_Name="r", Alias="inside")
    found = own(node("CTE Scan", 5.0, cte("r", node("Recursive Union", 4.0, inside)), CTE_Name="r", Alias="outside"))
    assert found["inside"] == 3.0
    assert found["outside"] == pytest.approx(1.0)
