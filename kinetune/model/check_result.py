"""What `kinetune check` found: the result of the command, and the run as formats for pipelines need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from kinetune.model.facts import Facts
from kinetune.model.finding import RuleResults, Severity, SkippedRule


@dataclass(frozen=True)
class RuleGroup:
    """Rules of one hundred: a word for programs, a title for people."""

    word: str
    title: str


RULE_GROUPS: Mapping[str, RuleGroup] = MappingProxyType(
    {
        "1": RuleGroup("schema", "Schema and Kine compatibility"),
        "2": RuleGroup("ids", "Ids and sequences"),
        "3": RuleGroup("plans", "Plans"),
        "4": RuleGroup("server", "Server and database"),
        "5": RuleGroup("growth", "Growth and compaction"),
        "6": RuleGroup("kine", "Kine release and configuration"),
        "7": RuleGroup("connections", "Connections"),
        "8": RuleGroup("security", "Security"),
        "9": RuleGroup("integrity", "Integrity"),
    }
)
"""By the third character of a code: KT103 is in group 1."""


@dataclass(frozen=True)
class RulePage:
    """The documentation of a rule. `severity` is the default one; a section is a title and a text."""

    code: str
    name: str
    severity: Severity
    summary: str
    sections: tuple[tuple[str, str], ...] = ()

    @property
    def group(self) -> RuleGroup:
        return RULE_GROUPS[self.code[2]]


@dataclass(frozen=True)
class CheckResult:
    """
    The facts, what the selected `rules` found in them, and what fails the run.

    Findings below `fail_on` do not (None: none does); `failing_skips` are the rules that --strict counts. `facts_file`
    is the argument of --facts, empty where a store or only files were read. `notes` are about entries of the baseline.
    """

    facts: Facts
    results: RuleResults
    rules: tuple[RulePage, ...]
    fail_on: Severity | None = Severity.WARNING
    failing_skips: tuple[SkippedRule, ...] = ()
    facts_file: str = ""
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        worst = self.results.worst_severity()
        return bool(self.failing_skips) or (
            self.fail_on is not None and worst is not None and worst.rank >= self.fail_on.rank
        )


@dataclass(frozen=True)
class CheckRun:
    """
    A check as SARIF, JUnit and GitHub describe it.

    `rules` are all selected ones, in order of codes. `subject` describes what was checked, without a password;
    `facts_file` and `fail_on` are those of the CheckResult. `namespace` is database.schema of the store, for full names
    of objects.
    """

    results: RuleResults
    rules: tuple[RulePage, ...]
    subject: str
    observed_at: datetime
    version: str
    fail_on: Severity | None = Severity.WARNING
    facts_file: str = ""
    namespace: str = ""

    def fails(self, severity: Severity) -> bool:
        """Whether a finding of this severity fails the run."""
        return self.fail_on is not None and severity.rank >= self.fail_on.rank

    def page_of(self, code: str) -> RulePage:
        """The page of a selected rule."""
        return next(page for page in self.rules if page.code == code)
