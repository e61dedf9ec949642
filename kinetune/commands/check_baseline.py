"""Applies a baseline to the results of a check, and renews it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kinetune.model.baseline import AcceptedFinding, Baseline
from kinetune.model.finding import IgnoredFinding, RuleResults

ACCEPTED_FOR = timedelta(days=90)
"""A finding is accepted for this time; then it counts again, so that a baseline does not hide a problem forever."""


def renew_baseline(baseline: Baseline, results: RuleResults) -> Baseline:
    """The findings of today; earlier entries stay if their rule was not checked today (--no-plans, --select)."""
    until = datetime.now(UTC).replace(microsecond=0) + ACCEPTED_FOR
    # Without this a quick run with --no-plans would remove the accepted findings of all plan rules.
    checked = _checked_codes(results)
    current = (AcceptedFinding(one.code, one.on, one.fingerprint, until, one.says) for one in results.findings)
    return replace(baseline, accepted=(*current, *(one for one in baseline.accepted if one.rule not in checked)))


def apply_baseline(baseline: Baseline, results: RuleResults) -> tuple[RuleResults, tuple[str, ...]]:
    """The results with accepted findings among the ignored ones, and notes on entries that need attention."""
    now = datetime.now(UTC)
    valid = {entry.fingerprint: entry for entry in baseline.accepted if entry.until > now}
    counted = tuple(finding for finding in results.findings if finding.fingerprint not in valid)
    accepted = tuple(
        IgnoredFinding(finding, f"accepted in {baseline.path} until {entry.until:%Y-%m-%d}")
        for finding in results.findings
        if (entry := valid.get(finding.fingerprint))
    )
    notes = tuple(_describe_entries(baseline, results, now))
    return replace(results, findings=counted, ignored=results.ignored + accepted), notes


def _describe_entries(baseline: Baseline, results: RuleResults, now: datetime) -> Iterator[str]:
    """Entries that expired, and those that are fixed: their rule was checked and does not report them any more."""
    found = {finding.fingerprint for finding in results.all_findings()}
    checked = _checked_codes(results)
    for entry in baseline.accepted:
        name = f"baseline: {entry.rule} on {entry.on}"
        if entry.fingerprint not in found and entry.rule in checked:
            yield f"{name} is fixed; remove it with --update-baseline"
        elif entry.fingerprint in found and entry.until <= now:
            yield f"{name} was accepted until {entry.until:%Y-%m-%d} and counts again"


def _checked_codes(results: RuleResults) -> set[str]:
    return {*results.passed, *(finding.code for finding in results.all_findings())}
