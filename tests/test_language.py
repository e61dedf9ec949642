"""A guard for plain English and names with one meaning. It finds relapses; it does not make a sentence good."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kinetune"
IDIOMS = re.compile(
    r"\b(anew|nobody|somebody|anybody|whoever|told|tells of|heard|verdicts?|of ours|so often|mend(s|ed|ing)?|dearer|"
    r"held up by|is no place|as it is meant|what there is|goes? on with|goes? on from|gone with|at hand|stands alone|"
    r"to be said|told apart|seen to it|sees to it|bears? no|"
    r"(?<!there )is no (number|text|setting|table|duration|revision))\b",
    re.IGNORECASE,
)
ABSENT = re.compile(r"\b(FINDINGS|DESIGN|WRITING)\.md\b")
FACTS = re.compile(r"(?<!docs/)\bfacts/(kine|yugabytedb|measured|moving)\.md")
"""A program's text names the page from the root of the repository; a page names it from its own folder."""
SOURCES = sorted(PACKAGE.rglob("*.py"))
TEXTS = sorted(
    path
    for folder, pattern in (("docs", "**/*.md"), (".", "*.md"), (".github", "**/*.yml"), ("templates", "**/*"))
    for path in (ROOT / folder).glob(pattern)
    if path.is_file() and "docs/facts" not in str(path)  # facts quote what other programs print
)


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module with its line, docstrings included: rule pages and help texts are docstrings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_percentages_have_a_space_before_the_sign(path: Path) -> None:
    """As formatting.format_percent writes them; the format specification `%` writes none."""
    assert not re.findall(r"\{[^{}]*:\.\d%\}", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_strings_of_the_program_use_plain_words(path: Path) -> None:
    found = [f"{line}: {match[0]!r}" for line, text in strings(path) for match in IDIOMS.finditer(text)]
    assert not found, found


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_use_plain_words(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [f"{number}: {match[0]!r}" for number, line in enumerate(lines, 1) for match in IDIOMS.finditer(line)]
    assert not found, found


@pytest.mark.parametrize("path", [*SOURCES, *TEXTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_cited_documents_are_in_the_repository(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not ABSENT.search(text)
    for name in re.findall(r"\bdocs/[\w/-]+\.md\b", text):
        assert (ROOT / name).is_file(), name
    if path.suffix == ".md":
        for name in re.findall(r"\]\(([^)#:\s]+)[)#]", text):
            assert (path.parent / name).exists(), name
    else:
        assert not FACTS.search(text)


def test_a_class_name_has_one_meaning() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_most_functions_are_named_by_verb_and_object() -> None:
    names = [
        node.name.strip("_")
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("__")
    ]
    assert sum("_" not in name for name in names) <= 0.45 * len(names)
