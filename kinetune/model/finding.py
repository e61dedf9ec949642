"""What is wrong, why it matters, and what to do: in the reader's words. And what could not be judged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from kinetune.model.place import Place


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
    One thing seen in one place.

    `on` names the place (a table, an index, a call), `says` what is wrong and what follows from it, `do` the command
    or statement that helps. `symptom` is a short stable name (`whole-table-read`), for programs. A severity of None is
    the rule's own; outside a rule a warning. `place` is the line of a file, where one says it.
    """

    symptom: str = ""
    on: str = ""
    says: str = ""
    do: str = ""
    severity: Severity | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Finding:
    """A remark of a rule, with the rule's code and name and the severity in force."""

    code: str
    name: str
    severity: Severity
    on: str
    says: str
    do: str
    place: Place | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same rule and object, whatever the numbers in the words and the line: 16 hex digits."""
        return hashlib.sha256(f"{self.code}\0{self.on}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Skipped:
    """
    A rule that could not judge, and why: never silently green.

    `asked` is false where the run was not meant to look there (a store beside files, files beside a store):
    --strict lets that pass.
    """

    code: str
    name: str
    reason: str
    asked: bool = True


@dataclass(frozen=True)
class Ignored:
    """A finding that was not counted, and the reason somebody gave for it."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What all chosen rules said: findings, gravest first, then what was ignored, skipped and found good (codes)."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    ignored: tuple[Ignored, ...]
    passed: tuple[str, ...]

    def worst(self) -> Severity | None:
        return max((finding.severity for finding in self.findings), key=lambda one: one.rank, default=None)
