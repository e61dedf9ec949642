"""Which rules, how grave, which ignored, which limits: from the command line and [check] in the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinetune.cli.check_case import Chosen, Gate, severity_of
from kinetune.cli.settings import tables
from kinetune.model.failure import UsageFailure
from kinetune.rules.choose import chosen, matches
from kinetune.rules.evidence import Limits
from kinetune.rules.judge import Bench
from kinetune.rules.table import RULES

if TYPE_CHECKING:
    from kinetune.model.finding import Severity

LIMITS: Mapping[str, type | tuple[type, ...]] = {
    "milliseconds": dict,
    "work": dict,
    "pool": int,
    "servers": int,
    "pgbouncer": bool,
    "tolerance": (int, float),
}


def choice(select: Iterable[str], extend: Iterable[str], ignore: Iterable[str]) -> Chosen:
    """Rules, severities, ignores and limits; the command line's ignores come on top of the configuration's."""
    file, table = tables("check")
    ignores = _ignores(file, table.get("ignore", {})) | dict(map(_ignore, ignore))
    severities = {code: _severity(file, code, word) for code, word in table.get("severity", {}).items()}
    bench = Bench(
        rules=chosen(RULES, _several(select), _several(extend)),
        severities={rule.code: grave for pattern, grave in severities.items() for rule in matches(RULES, [pattern])},
        ignore={key: reason for pattern, reason in ignores.items() for key in _keys(pattern)},
    )
    return Chosen(bench, _limits(file, table.get("limits", {})), file)


def shown(chosen: Chosen, gate: Gate) -> str:
    """What is in force, one a line, and the file it came from."""
    heard = ", ".join(rule.code for rule in chosen.bench.rules)
    lines = [
        f"configuration: {chosen.source or 'none found'}",
        f"rules: {heard}",
        *(f"severity of {code}: {severity}" for code, severity in chosen.bench.severities.items()),
        *(f"ignored {key}: {reason}" for key, reason in chosen.bench.ignore.items()),
        f"limits: {chosen.limits}",
        f"fail-on: {gate.fail_on or 'never'}; strict: {gate.strict}; baseline: {gate.baseline or 'none'}",
    ]
    return "\n".join(lines) + "\n"


def _several(patterns: Iterable[str]) -> list[str]:
    """Options given several times, or once with commas."""
    return [part for pattern in patterns for part in pattern.split(",") if part]


def _ignore(text: str) -> tuple[str, str]:
    pattern, _, reason = text.partition("=")
    if not reason.strip():
        raise UsageFailure(f"--ignore {pattern} has no reason", f'say why: --ignore "{pattern}=our own index"')
    return pattern, reason.strip()


def _ignores(file: Path | None, table: Mapping[str, Any]) -> dict[str, str]:
    for pattern, reason in table.items():
        if not isinstance(reason, str) or not reason.strip():
            raise UsageFailure(f"{file}: the ignore of {pattern} has no reason", f'write {pattern} = "why"')
    return dict(table)


def _keys(pattern: str) -> list[str]:
    """'KT110:my_index' and 'unknown-indexes:my_index' alike become the code with the object."""
    rules, mark, on = pattern.partition(":")
    return [f"{rule.code}{mark}{on}" for rule in matches(RULES, [rules])]


def _severity(file: Path | None, code: str, word: object) -> Severity:
    severity = severity_of(word) if isinstance(word, str) else None
    if severity is None:
        raise UsageFailure(
            f"{file}: the severity of {code} is {word!r}", "write error, warning or info; or ignore the rule"
        )
    return severity


def _limits(file: Path | None, table: Mapping[str, Any]) -> Limits:
    for key, value in table.items():
        if key not in LIMITS:
            raise UsageFailure(f"{file}: unknown key {key!r} in [check.limits]", f"known are {', '.join(LIMITS)}")
        if not isinstance(value, LIMITS[key]) or isinstance(value, bool) != (key == "pgbouncer"):
            raise UsageFailure(f"{file}: {key} in [check.limits] is {value!r}", "see kinetune rule KT303 and KT701")
    return Limits(**table)
