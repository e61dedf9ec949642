"""A verdict with what it takes to tell it elsewhere: who judged, what, when, and the pages of the rules that were heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kinetune.model.finding import Severity, Verdict


@dataclass(frozen=True)
class RulePage:
    """What a rule says of itself. `severity` is its own, before any configuration; a section is a title and a text."""

    code: str
    name: str
    severity: Severity
    claim: str
    sections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Judgement:
    """
    `rules` are all that were heard or skipped, in order of codes. `place` is the endpoint without its password, or the
    facts file; `file` that file once more (as it was named), empty where the store itself was looked at. `namespace` is
    database.schema of the store, for full names of objects. Findings below `fail_on` do not fail; with None none does.
    """

    verdict: Verdict
    rules: tuple[RulePage, ...]
    place: str
    observed_at: datetime
    version: str
    fail_on: Severity | None = Severity.ERROR
    file: str = ""
    namespace: str = ""

    def fails(self, severity: Severity) -> bool:
        return self.fail_on is not None and severity.rank >= self.fail_on.rank

    def page(self, code: str) -> RulePage:
        """The page of a rule that was heard."""
        return next(page for page in self.rules if page.code == code)
