"""Lets rules speak on evidence: a verdict, in which whatever could not be judged says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kinetune.model.facts import OutOfScope, Unknown
from kinetune.model.finding import Finding, Ignored, Severity, Skipped, Verdict
from kinetune.rules.evidence import Evidence
from kinetune.rules.rule import Rule


@dataclass(frozen=True)
class Bench:
    """
    Who judges, and how strictly: rules in order of codes, severities that differ from the rules' own by code, and
    reasons to ignore, by code or by code and object ("KT110:my_index").
    """

    rules: tuple[Rule, ...]
    severities: Mapping[str, Severity] = field(default_factory=dict)
    ignore: Mapping[str, str] = field(default_factory=dict)


def judge(evidence: Evidence, bench: Bench) -> Verdict:
    """What every rule says. Gravest findings first, in order of codes among equals."""
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    ignored: list[Ignored] = []
    passed: list[str] = []
    for rule in bench.rules:
        heard = _hear(rule, evidence, bench)
        if isinstance(heard, Skipped):
            skipped.append(heard)
            continue
        if not heard:
            passed.append(rule.code)
        for finding in heard:
            reason = _reason(finding, bench.ignore)
            if reason is None:
                findings.append(finding)
            else:
                ignored.append(Ignored(finding, reason))
    return Verdict(_gravest_first(findings), tuple(skipped), tuple(ignored), tuple(passed))


def _hear(rule: Rule, evidence: Evidence, bench: Bench) -> list[Finding] | Skipped:
    facts = [evidence.of(name) for name in rule.reads]
    if unknown := next((fact for fact in facts if isinstance(fact, Unknown)), None):
        return _skipped(rule, unknown)
    findings = []
    for remark in rule.check(*facts):
        if isinstance(remark, Unknown):
            unknown = unknown or remark
            continue
        severity = bench.severities.get(rule.code) or remark.severity or rule.severity
        findings.append(Finding(rule.code, rule.name, severity, remark.on, remark.says, remark.do, remark.place))
    return _skipped(rule, unknown) if unknown and not findings else findings


def _skipped(rule: Rule, unknown: Unknown) -> Skipped:
    return Skipped(rule.code, rule.name, unknown.reason, asked=not isinstance(unknown, OutOfScope))


def _reason(finding: Finding, ignore: Mapping[str, str]) -> str | None:
    return ignore.get(f"{finding.code}:{finding.on}", ignore.get(finding.code))


def _gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (-finding.severity.rank, finding.code, finding.on)))
