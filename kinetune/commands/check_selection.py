"""Which rules are checked, with which severities, ignores and limits: options, and [check] in the settings file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinetune.model.failure import UsageFailure
from kinetune.model.finding import Severity
from kinetune.model.settings_file import SettingsFile
from kinetune.rules.context import Limits
from kinetune.rules.former_names import describe_former_names
from kinetune.rules.runner import RuleSelection
from kinetune.rules.selection import match_rules, select_rules
from kinetune.rules.table import RULES

_BUDGETS = 'write { list-page = 200 }; "*" is for all other calls (kinetune rule KT303)'
_COUNT = "write an integer from 0 up (kinetune rule KT701)"
LIMITS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "milliseconds": (dict, _BUDGETS),
    "work": (dict, _BUDGETS),
    "pool": (int, _COUNT),
    "servers": (int, _COUNT),
    "pgbouncer": (bool, "write true or false (kinetune rule KT604)"),
    "tolerance": ((int, float), "write a share from 0 up, such as 0.25 for 25 % (kinetune rule KT305)"),
}
"""Keys of [check.limits]: the type of the value, and the next step where it has another."""


@dataclass(frozen=True)
class CheckSettings:
    """The selected rules, the user's limits, and the settings file they come from."""

    selection: RuleSelection
    limits: Limits
    file: Path | None


def read_check_settings(
    settings: SettingsFile, patterns: tuple[list[str], list[str], list[str]], report: Callable[[str], None]
) -> CheckSettings:
    """
    The settings file with the `patterns` of --select, --extend-select and --ignore, which adds to [check.ignore].

    `report` gets a line for each former name of a rule.
    """
    return _Reader(settings, report).read(*patterns)


def parse_severity(name: str) -> Severity | None:
    """The severity of --fail-on; None for never."""
    if name == "never":
        return None
    if name not in set(Severity):
        raise UsageFailure(f"unknown severity {name!r}", f"--fail-on takes {', '.join(Severity)} or never")
    return Severity(name)


@dataclass(frozen=True)
class _Reader:
    settings: SettingsFile
    report: Callable[[str], None]

    def read(self, select: list[str], extend: list[str], ignore: list[str]) -> CheckSettings:
        select, extend = _split_lists(select), _split_lists(extend)
        self._note_former((*select, *extend))
        severities, ignores = self._table("severity"), self._table("ignore")
        selection = RuleSelection(
            rules=select_rules(RULES, select, extend),
            severities={
                code: self._severity(pattern, word)
                for pattern, word in severities.items()
                for code in self._codes(pattern)
            },
            ignore=self._configured_ignores(ignores) | self._given_ignores(ignore),
        )
        return CheckSettings(selection, self._limits(self._table("limits")), self.settings.path)

    def _table(self, name: str) -> Mapping[str, Any]:
        check = self.settings.table.get("check", {})
        table = check.get(name, {}) if isinstance(check, dict) else {}
        if not isinstance(table, dict):
            raise UsageFailure(
                f"{self.settings.locate(name)}: {name} in [check] is {table!r}",
                f"write [check.{name}] and the keys below it",
            )
        return table

    def _configured_ignores(self, table: Mapping[str, Any]) -> dict[str, str]:
        for pattern, reason in table.items():
            if not isinstance(reason, str) or not reason.strip():
                place = self.settings.locate(pattern)
                raise UsageFailure(f"{place}: [check.ignore] {pattern} has no reason", f'write {pattern} = "reason"')
        return {key: reason for pattern, reason in table.items() for key in self._ignore_keys(pattern)}

    def _given_ignores(self, texts: Iterable[str]) -> dict[str, str]:
        ignores = {}
        for text in texts:
            pattern, _, reason = text.partition("=")
            if not reason.strip():
                next_step = f'add one, as in --ignore "{pattern}=our own index"'
                raise UsageFailure(f"--ignore {pattern} has no reason", next_step)
            ignores.update(dict.fromkeys(self._ignore_keys(pattern, configured=False), reason.strip()))
        return ignores

    def _ignore_keys(self, pattern: str, *, configured: bool = True) -> list[str]:
        """KT110:my_index for 'KT110:my_index' and for 'unknown-indexes:my_index'; all codes of a prefix."""
        rules, mark, on = pattern.partition(":")
        return [f"{code}{mark}{on}" for code in self._codes(rules, configured=configured)]

    def _codes(self, pattern: str, *, configured: bool = True) -> list[str]:
        """Of the rules that match; an error names the line if the pattern was `configured` in the settings file."""
        self._note_former([pattern])
        try:
            return [rule.code for rule in match_rules(RULES, [pattern])]
        except UsageFailure as failure:
            place = f"{self.settings.locate(pattern)}: " if configured else ""
            raise UsageFailure(f"{place}{failure.cause}", failure.next_step) from None

    def _severity(self, pattern: str, word: object) -> Severity:
        if word not in set(Severity):
            raise UsageFailure(
                f"{self.settings.locate(pattern)}: the severity of {pattern} is {word!r}",
                "write error, warning or info; or ignore the rule",
            )
        return Severity(str(word))

    def _limits(self, table: Mapping[str, Any]) -> Limits:
        for key, value in table.items():
            if key not in LIMITS:
                cause = f"{self.settings.locate(key)}: unknown key {key!r} in [check.limits]"
                raise UsageFailure(cause, f"known are {', '.join(LIMITS)}")
            kind, next_step = LIMITS[key]
            if not _is_limit(value, kind):
                raise UsageFailure(f"{self.settings.locate(key)}: {key} in [check.limits] is {value!r}", next_step)
        return Limits(**table)

    def _note_former(self, patterns: Iterable[str]) -> None:
        for note in describe_former_names(patterns):
            self.report(f"rule {note}")


def _split_lists(patterns: Iterable[str]) -> list[str]:
    """Patterns of an option that is repeated, or given once with commas."""
    return [part for pattern in patterns for part in pattern.split(",") if part]


def _is_limit(value: object, kind: type | tuple[type, ...]) -> bool:
    if kind is dict:
        return isinstance(value, dict) and all(_is_limit(budget, (int, float)) for budget in value.values())
    if kind is bool:
        return isinstance(value, bool)
    # `true` is an int to Python, and TOML has nan, which is not >= 0.
    return isinstance(value, int | float) and isinstance(value, kind) and not isinstance(value, bool) and value >= 0
