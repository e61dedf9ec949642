from __future__ import annotations

import pytest

from kinetune.model.plan import QueryPlan
from kinetune.plans import text_form, tree
from tests.plans import recorded

EVERY = list(recorded.all_json()) + list(recorded.all_text())


@pytest.mark.parametrize("name", ["x_tunedfull-1024-E07_get", "x_stock-1-E20_listval_L501"])
def test_a_tree_shows_who_read_how_much(name: str) -> None:
    drawn = "\n".join(tree.tree_lines(recorded.yugabyte(name))) + "\n"
    assert drawn == (recorded.DATA / "trees" / f"{name}.tree").read_text(encoding="utf-8")


def test_ascii_is_ascii() -> None:
    drawn = "\n".join(tree.tree_lines(recorded.postgres("E20-list-page"), tree.ASCII))
    assert drawn.isascii()


@pytest.mark.parametrize("found", [plan for _, plan in EVERY], ids=[name for name, _ in EVERY])
def test_every_node_has_its_line(found: QueryPlan) -> None:
    drawn = list(tree.tree_lines(found))
    assert len(drawn) >= len(list(found.nodes()))
    assert all("\n" not in line and len(line) < 260 for line in drawn)


def test_long_conditions_keep_both_ends() -> None:
    text = tree.shorten_middle("(name >= 'a')" + " AND x" * 100 + " AND (name < 'b')")
    assert len(text) <= tree.LONGEST_CONDITION
    assert text.startswith("(name >=")
    assert text.endswith("(name < 'b')")


def test_a_node_never_executed_says_so() -> None:
    assert any("never executed" in line for line in tree.tree_lines(recorded.postgres("never-executed")))


def test_a_plan_without_figures_has_names_only() -> None:
    assert list(tree.tree_lines(text_form.read_text_plan("Seq Scan on kine"))) == ["Seq Scan on kine"]
