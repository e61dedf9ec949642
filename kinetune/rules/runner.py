"""Runs rules on the facts of a context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kinetune.model.facts import OutOfScope
from kinetune.model.finding import Finding, IgnoredFinding, RuleResults, Severity, SkippedRule
from kinetune.model.unknown import Unknown
from kinetune.rules.context import CheckContext
from kinetune.rules.rule import Rule


@dataclass(frozen=True)
class RuleSelection:
    """
    The rules to run, in order of codes, and how to treat their findings.

    `severities` replace the severities of rules, by code. `ignore` holds reasons by code or by code and object
    ("KT110:my_index").
    """

    rules: tuple[Rule, ...]
    severities: Mapping[str, Severity] = field(default_factory=dict)
    ignore: Mapping[str, str] = field(default_factory=dict)


def run_rules(context: CheckContext, selection: RuleSelection) -> RuleResults:
    """The findings of all selected rules, highest severity first; equal severities in order of codes."""
    findings: list[Finding] = []
    skipped: list[SkippedRule] = []
    ignored: list[IgnoredFinding] = []
    passed: list[str] = []
    for rule in selection.rules:
        outcome = _run_rule(rule, context, selection)
        if isinstance(outcome, SkippedRule):
            skipped.append(outcome)
            continue
        if not outcome:
            passed.append(rule.code)
        for finding in outcome:
            reason = _ignore_reason(finding, selection.ignore)
            if reason is None:
                findings.append(finding)
            else:
                ignored.append(IgnoredFinding(finding, reason))
    return RuleResults(_sort_findings(findings), tuple(skipped), tuple(ignored), tuple(passed))


def _run_rule(rule: Rule, context: CheckContext, selection: RuleSelection) -> list[Finding] | SkippedRule:
    facts = [context.read_fact(name) for name in rule.reads]
    if unknown := next((fact for fact in facts if isinstance(fact, Unknown)), None):
        return _skip_rule(rule, unknown)
    findings = []
    for remark in rule.check(*facts):
        if isinstance(remark, Unknown):
            unknown = unknown or remark
            continue
        severity = selection.severities.get(rule.code) or remark.severity or rule.severity
        findings.append(Finding(rule.code, rule.name, severity, remark.on, remark.says, remark.do, remark.place))
    # A rule that found a problem has a result, even if it could not check everything.
    return _skip_rule(rule, unknown) if unknown and not findings else findings


def _skip_rule(rule: Rule, unknown: Unknown) -> SkippedRule:
    return SkippedRule(rule.code, rule.name, unknown.reason, asked=not isinstance(unknown, OutOfScope))


def _ignore_reason(finding: Finding, ignore: Mapping[str, str]) -> str | None:
    return ignore.get(f"{finding.code}:{finding.on}", ignore.get(finding.code))


def _sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (-finding.severity.rank, finding.code, finding.on)))
