"""A rule is a function with a page: its name names it, its parameters are the facts it reads, it yields what it saw."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kinetune.model.facts import Unknown
from kinetune.model.finding import Remark, Severity

Check = Callable[..., Iterator[Remark | Unknown]]
"""A rule that has the facts and still cannot judge yields Unknown with the reason: it is skipped unless it saw more."""


@dataclass(frozen=True)
class Section:
    """A part of a rule's page: 'Why it matters' and its text."""

    title: str
    text: str


@dataclass(frozen=True)
class Rule:
    """
    `code` is never reused, `name` is the function's with hyphens, `reads` the names of the facts it asks for.

    `by_default` is false for a rule that speaks only where it was selected by name or code.
    """

    code: str
    severity: Severity
    name: str
    check: Check
    reads: tuple[str, ...]
    claim: str
    sections: tuple[Section, ...]
    by_default: bool = True


def rule(code: str, severity: Severity, *, by_default: bool = True) -> Callable[[Check], Rule]:
    """Make a rule of a function. Registers nothing: table.py is the only list."""

    def made(check: Check) -> Rule:
        claim, *sections = _page(inspect.getdoc(check) or "")
        return Rule(
            code=code,
            severity=severity,
            name=check.__name__.replace("_", "-"),
            check=check,
            reads=tuple(inspect.signature(check).parameters),
            claim=claim,
            sections=tuple(Section(*section.split("\n", 1)) for section in sections),
            by_default=by_default,
        )

    return made


def _page(text: str) -> list[str]:
    """The claim on the first lines, then sections: a title flush left, its text indented."""
    blocks = text.split("\n\n")
    parts = [" ".join(blocks[0].split())]
    for block in blocks[1:]:
        if block.startswith(" "):
            parts[-1] += "\n\n" + _outdented(block)
        else:
            title, _, body = block.partition("\n")
            parts.append(f"{title}\n{_outdented(body)}")
    return parts


def _outdented(text: str) -> str:
    """Without the indent of a section; what stands further in stays so, as code."""
    return "\n".join(line.removeprefix("    ").rstrip() for line in text.rstrip().split("\n"))
