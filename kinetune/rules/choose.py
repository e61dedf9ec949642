"""Which rules are heard: --select, --ignore, --extend-select by code, prefix or name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from kinetune.model.failure import UsageFailure
from kinetune.rules.rule import Rule


def chosen(rules: tuple[Rule, ...], select: Iterable[str], extend: Iterable[str]) -> tuple[Rule, ...]:
    """
    The rules that `select` names (all by-default ones where it names none) and those that `extend` adds.

    A pattern is a code (KT103), a prefix of codes (KT1), or a name (range-sharded-ids). UsageFailure for one that
    fits no rule, with the nearest.
    """
    selected, extended = matches(rules, select), matches(rules, extend)
    return tuple(rule for rule in rules if rule in extended or (rule in selected if selected else rule.by_default))


def matches(rules: tuple[Rule, ...], patterns: Iterable[str]) -> list[Rule]:
    """Every rule that one of the patterns fits, in order of codes."""
    wanted = [(pattern, [rule for rule in rules if fits(rule, pattern)]) for pattern in patterns]
    for pattern, found in wanted:
        if not found:
            raise UsageFailure(f"no rule fits {pattern!r}", _nearest(rules, pattern))
    named = {rule.code for _, found in wanted for rule in found}
    return [rule for rule in rules if rule.code in named]


def fits(rule: Rule, pattern: str) -> bool:
    pattern = pattern.strip()
    return rule.name == pattern or (pattern.upper().startswith("KT") and rule.code.startswith(pattern.upper()))


def _nearest(rules: tuple[Rule, ...], pattern: str) -> str:
    names = [rule.name for rule in rules] + [rule.code for rule in rules]
    close = difflib.get_close_matches(pattern, names, 1)
    return f"did you mean {close[0]}?" if close else "kinetune rule --all lists them"
