"""The one list of rules: complete, in order, and each with its page."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from kinetune.model.finding import Severity
from kinetune.rules import table
from kinetune.rules.context import CheckContext
from kinetune.rules.rule import Rule
from kinetune.rules.table import RULES
from tests.rules.made import healthy

FOLDER = Path(table.__file__).parent
REPOSITORY = FOLDER.parent.parent
SECTIONS = ("Why it matters", "What to do", "When to ignore", "Source")


def defines_a_rule(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return any(
        isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "rule"
        for function in functions
        for mark in function.decorator_list
    )


def test_codes_are_unique_and_ascending() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"KT[1-9]\d\d", code) for code in codes)


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_file_that_defines_a_rule_is_in_the_table() -> None:
    files = {path.stem for path in FOLDER.glob("*.py") if defines_a_rule(path)}
    assert files == {rule.name.replace("-", "_") for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_file_function_and_name_are_one(rule: Rule) -> None:
    source = inspect.getsourcefile(rule.check)
    assert source is not None
    assert Path(source).stem == rule.check.__name__ == rule.name.replace("-", "_")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_a_test_of_its_own(rule: Rule) -> None:
    assert (REPOSITORY / "tests" / "rules" / f"test_{rule.check.__name__}.py").is_file()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_has_a_summary_of_one_sentence_and_then_explains(rule: Rule) -> None:
    assert rule.summary.endswith(".")
    assert rule.summary.count(". ") == 0
    titles = [section.title for section in rule.sections]
    wanted = list(SECTIONS)
    assert titles == wanted
    assert all(section.text.strip() for section in rule.sections)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_facts_that_a_page_names_are_there(rule: Rule) -> None:
    """`docs/facts/kine.md §3` and the like name a file and a heading that exist."""
    text = "\n".join(section.text for section in rule.sections)
    for name, number in re.findall(r"facts/(\w+)\.md(?: §(\d+))?", text):
        page = REPOSITORY / "docs" / "facts" / f"{name}.md"
        assert page.is_file(), name
        assert not number or re.search(rf"^## {number}\.", page.read_text(encoding="utf-8"), re.MULTILINE), number


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_what_a_rule_reads_is_a_fact(rule: Rule) -> None:
    context = CheckContext(healthy())
    assert rule.reads
    assert all(context.read_fact(name) is not None for name in rule.reads)
    assert isinstance(rule.severity, Severity)
