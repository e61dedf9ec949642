"""A verdict with what it takes to tell it elsewhere: what was judged, when, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from kinetune.model.finding import Severity, Verdict


@dataclass(frozen=True)
class Group:
    """Rules of one hundred: a word for programs, a title for people."""

    word: str
    title: str


GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        "1": Group("schema", "Schema and Kine compatibility"),
        "2": Group("ids", "Ids and sequences"),
        "3": Group("plans", "Plans"),
        "4": Group("server", "Server and database"),
        "5": Group("growth", "Growth and compaction"),
        "6": Group("kine", "Kine release and configuration"),
        "7": Group("connections", "Connections"),
        "8": Group("security", "Security"),
        "9": Group("integrity", "Integrity"),
    }
)
"""By the third sign of a code: KT103 is of group 1."""


@dataclass(frozen=True)
class RulePage:
    """What a rule says of itself. `severity` is its own, before any configuration; a section is a title and a text."""

    code: str
    name: str
    severity: Severity
    claim: str
    sections: tuple[tuple[str, str], ...] = ()

    @property
    def group(self) -> Group:
        return GROUPS[self.code[2]]


@dataclass(frozen=True)
class Judgement:
    """
    `rules` are all that were heard or skipped, in order of codes. `place` says what was looked at, without a password;
    `file` is the facts file as it was named, empty where the store itself was looked at. `namespace` is database.schema
    of the store, for full names of objects. Findings below `fail_on` do not fail; with None none does.
    """

    verdict: Verdict
    rules: tuple[RulePage, ...]
    place: str
    observed_at: datetime
    version: str
    fail_on: Severity | None = Severity.WARNING
    file: str = ""
    namespace: str = ""

    def fails(self, severity: Severity) -> bool:
        return self.fail_on is not None and severity.rank >= self.fail_on.rank

    def page(self, code: str) -> RulePage:
        """The page of a rule that was heard."""
        return next(page for page in self.rules if page.code == code)
