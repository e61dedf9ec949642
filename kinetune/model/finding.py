"""What rules report: findings with their consequence and remedy, skipped rules, ignored findings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kinetune.formatting import format_count
from kinetune.model.file_location import FileLocation

if TYPE_CHECKING:
    pass


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True)
class Remark:
    """
    One problem of one object.

    `on` names the object (a table, an index, a call), `says` the problem and its consequence, `do` the command or
    statement that fixes it. `symptom` is a short stable name (`whole-table-read`), for programs. A severity of None is
    the rule's own; outside a rule a warning. `place` is the line of the configuration file that causes the problem.
    """

    symptom: str = ""
    on: str = ""
    says: str = ""
    do: str = ""
    severity: Severity | None = None
    place: FileLocation | None = None


@dataclass(frozen=True)
class Finding:
    """A remark of a rule, with the rule's code and name and the configured severity."""

    code: str
    name: str
    severity: Severity
    on: str
    says: str
    do: str
    place: FileLocation | None = None

    @property
    def fingerprint(self) -> str:
        """16 hex digits, equal for the same rule and object even if numbers in the text or the line change."""
        return hashlib.sha256(f"{self.code}\0{self.on}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class SkippedRule:
    """
    A rule that could not be checked, and why: it never counts as passed.

    `asked` is false where the run was not meant to check it (a store beside files, files beside a store):
    --strict ignores that.
    """

    code: str
    name: str
    reason: str
    asked: bool = True


@dataclass(frozen=True)
class IgnoredFinding:
    """A finding that does not count, and the reason the user gave."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class RuleResults:
    """
    Results of the selected rules: findings (most severe first), skipped rules, ignored findings, codes that passed.
    """

    findings: tuple[Finding, ...]
    skipped: tuple[SkippedRule, ...]
    ignored: tuple[IgnoredFinding, ...]
    passed: tuple[str, ...]

    def worst_severity(self) -> Severity | None:
        return max((finding.severity for finding in self.findings), key=lambda severity: severity.rank, default=None)

    def all_findings(self) -> tuple[Finding, ...]:
        """Counted and ignored ones."""
        return (*self.findings, *(ignored.finding for ignored in self.ignored))

    def describe_counts(self) -> str:
        """`38 passed, 2 warnings, 24 skipped`; except for `passed`, numbers of nothing are left out."""
        severities = [finding.severity for finding in self.findings]
        counts = {
            f"{len(self.passed)} passed": True,
            format_count(severities.count(Severity.ERROR), "error"): Severity.ERROR in severities,
            format_count(severities.count(Severity.WARNING), "warning"): Severity.WARNING in severities,
            f"{severities.count(Severity.INFO)} info": Severity.INFO in severities,
            f"{len(self.ignored)} ignored": self.ignored,
            f"{len(self.skipped)} skipped": self.skipped,
        }
        return ", ".join(text for text, is_shown in counts.items() if is_shown)
