"""A rule is a function with a page: the function's name, its parameters and its docstring define the rule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kinetune.model.check_result import RulePage
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown

Check = Callable[..., Iterator[Remark | Unknown]]
"""Yields Unknown with the reason if the facts do not suffice: the rule is then skipped, unless it also found a "
"problem."""


@dataclass(frozen=True)
class Section:
    """A section of a rule's page: a title such as "Why it matters", and its text."""

    title: str
    text: str


@dataclass(frozen=True)
class Rule:
    """
    `code` is never reused. `name` is the function's name with hyphens, `reads` the names of the facts it requires (its
    parameters), `summary` the first sentence of its page.

    `by_default` is false for a rule that runs only if it is selected by name or code.
    """

    code: str
    severity: Severity
    name: str
    check: Check
    reads: tuple[str, ...]
    summary: str
    sections: tuple[Section, ...]
    by_default: bool = True


def rule(code: str, severity: Severity, *, by_default: bool = True) -> Callable[[Check], Rule]:
    """Decorator that makes a rule of a function. It registers nothing: table.py is the only list."""

    def made(check: Check) -> Rule:
        summary, *sections = _split_page(inspect.getdoc(check) or "")
        return Rule(
            code=code,
            severity=severity,
            name=check.__name__.replace("_", "-"),
            check=check,
            reads=tuple(inspect.signature(check).parameters),
            summary=summary,
            sections=tuple(Section(*section.split("\n", 1)) for section in sections),
            by_default=by_default,
        )

    return made


def build_page(rule: Rule) -> RulePage:
    """The documentation of a rule as reports show it."""
    sections = tuple((section.title, section.text) for section in rule.sections)
    return RulePage(rule.code, rule.name, rule.severity, rule.summary, sections)


def _split_page(text: str) -> list[str]:
    """The first sentence, then the sections: a title without indent, followed by its indented text."""
    blocks = text.split("\n\n")
    parts = [" ".join(blocks[0].split())]
    for block in blocks[1:]:
        if block.startswith(" "):
            parts[-1] += "\n\n" + _remove_indent(block)
        else:
            title, _, body = block.partition("\n")
            parts.append(f"{title}\n{_remove_indent(body)}")
    return parts


def _remove_indent(text: str) -> str:
    """Removes the indent of a section. Lines with a larger indent keep the rest of it: they are code."""
    return "\n".join(line.removeprefix("    ").rstrip() for line in text.rstrip().split("\n"))
