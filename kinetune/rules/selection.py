"""Selects rules for --select, --ignore and --extend-select by code, prefix of codes, or name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from kinetune.model.failure import UsageFailure
from kinetune.rules.former_names import FORMER_NAMES
from kinetune.rules.rule import Rule

_CODE = re.compile(r"KT\d+", re.IGNORECASE | re.ASCII)


def select_rules(rules: tuple[Rule, ...], select: Iterable[str], extend: Iterable[str]) -> tuple[Rule, ...]:
    """
    The rules that match `select` (all default rules if it is empty) and those that match `extend`.

    A pattern is a code (KT103), a prefix of codes (KT1), a name (hash-sharded-ids) or a former name
    (range-sharded-ids). UsageFailure with the nearest name if a pattern matches no rule.
    """
    selected, extended = match_rules(rules, select), match_rules(rules, extend)
    return tuple(rule for rule in rules if rule in extended or (rule in selected if selected else rule.by_default))


def match_rules(rules: tuple[Rule, ...], patterns: Iterable[str]) -> list[Rule]:
    """All rules that match one of the patterns, in order of codes."""
    matches = [(pattern, [rule for rule in rules if matches_pattern(rule, pattern)]) for pattern in patterns]
    for pattern, matched in matches:
        if not matched:
            raise UsageFailure(f"no rule matches {pattern!r}", _suggest_name(rules, pattern))
    codes = {rule.code for _, matched in matches for rule in matched}
    return [rule for rule in rules if rule.code in codes]


def matches_pattern(rule: Rule, pattern: str) -> bool:
    """Whether the pattern is the rule's name or former name, its code, or the beginning of its code."""
    pattern = pattern.strip()
    name = FORMER_NAMES.get(pattern, pattern)
    return rule.name == name or (pattern.upper().startswith("KT") and rule.code.startswith(pattern.upper()))


def _suggest_name(rules: tuple[Rule, ...], pattern: str) -> str:
    names = [rule.name for rule in rules] + [rule.code for rule in rules]
    if _CODE.fullmatch(pattern.strip()):  # the nearest code, by its digits, is a rule about something else
        return "list the rules with: kinetune rule --all"
    close = difflib.get_close_matches(pattern, names, 1)
    return f"did you mean {close[0]}?" if close else "list the rules with: kinetune rule --all"
