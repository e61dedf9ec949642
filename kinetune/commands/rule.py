"""What `kinetune rule` does: find the pages of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kinetune.model.check_result import RulePage
from kinetune.model.failure import UsageFailure
from kinetune.rules.former_names import describe_former_names
from kinetune.rules.rule import build_page
from kinetune.rules.selection import match_rules
from kinetune.rules.table import RULES


def find_pages(patterns: Sequence[str], every: bool, report: Callable[[str], None]) -> tuple[RulePage, ...]:
    """
    Pages of the rules that match a pattern, or of `every` rule, in order of codes.

    `report` gets a line for each former name. UsageFailure for patterns beside --all, for neither, and for a pattern
    that matches no rule.
    """
    if every == bool(patterns):
        cause = "--all and rules cannot be combined" if every else "no rule is named"
        raise UsageFailure(cause, "name rules (KT103, KT1, hash-sharded-ids) or use --all")
    for note in describe_former_names(patterns):
        report(f"rule {note}")
    return tuple(map(build_page, RULES if every else match_rules(RULES, patterns)))
