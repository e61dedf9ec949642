"""Which rules, how grave, which ignored, which limits: from the command line and [check] in the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kinetune.cli.settings import TABLES, at, tables
from kinetune.commands.check_case import Chosen, Gate
from kinetune.model.failure import UsageFailure
from kinetune.model.finding import Severity
from kinetune.rules.choose import chosen, matches
from kinetune.rules.evidence import Limits
from kinetune.rules.judge import Bench
from kinetune.rules.table import RULES

LIMITS: Mapping[str, type | tuple[type, ...]] = {
    "milliseconds": dict,
    "work": dict,
    "pool": int,
    "servers": int,
    "pgbouncer": bool,
    "tolerance": (int, float),
}
EXAMPLES = {
    **dict.fromkeys(
        ("milliseconds", "work"), 'write { list-page = 200 }, "*" for all other calls (kinetune rule KT303)'
    ),
    **dict.fromkeys(("pool", "servers"), "write a whole number from 0 up (kinetune rule KT701)"),
    "pgbouncer": "write true or false (kinetune rule KT604)",
    "tolerance": "write a share from 0 up, such as 0.25 (kinetune rule KT305)",
}


def choice(select: Iterable[str], extend: Iterable[str], ignore: Iterable[str]) -> Chosen:
    """Rules, severities, ignores and limits; the command line's ignores come on top of the configuration's."""
    file, found = tables("check")
    own = {name: _table(file, name, found.get(name, {})) for name in TABLES["check"]}
    severities = {pattern: _severity(file, pattern, word) for pattern, word in own["severity"].items()}
    bench = Bench(
        rules=chosen(RULES, _several(select), _several(extend)),
        severities={code: grave for pattern, grave in severities.items() for code in _codes(file, pattern)},
        ignore=_ignores(file, own["ignore"]) | dict(pair for text in ignore for pair in _ignore(text)),
    )
    return Chosen(bench, _limits(file, own["limits"]), file)


def shown(chosen: Chosen, gate: Gate) -> str:
    """What is in force, one a line, and the file it came from."""
    heard = ", ".join(rule.code for rule in chosen.bench.rules)
    lines = [
        f"configuration: {chosen.source or 'none found'}",
        f"rules: {heard}",
        *(f"severity of {code}: {severity}" for code, severity in chosen.bench.severities.items()),
        *(f"ignored {key}: {reason}" for key, reason in chosen.bench.ignore.items()),
        *_limits_told(chosen.limits),
        f"fail-on: {gate.fail_on or 'never'}; strict: {gate.strict}; baseline: {gate.baseline or 'none'}",
    ]
    return "\n".join(lines) + "\n"


def _limits_told(limits: Limits) -> Iterator[str]:
    """Each as it is written in [check.limits]; what nobody set is 0 or absent."""
    for name, value in vars(limits).items():
        if isinstance(value, Mapping):
            yield from (f"limits.{name}.{call}: {json.dumps(amount)}" for call, amount in value.items())
        else:
            yield f"limits.{name}: {json.dumps(value)}"


def _several(patterns: Iterable[str]) -> list[str]:
    """Options given several times, or once with commas."""
    return [part for pattern in patterns for part in pattern.split(",") if part]


def _ignore(text: str) -> list[tuple[str, str]]:
    pattern, _, reason = text.partition("=")
    if not reason.strip():
        raise UsageFailure(f"--ignore {pattern} has no reason", f'say why: --ignore "{pattern}=our own index"')
    return [(key, reason.strip()) for key in _keys(None, pattern)]


def _ignores(file: Path | None, table: Mapping[str, Any]) -> dict[str, str]:
    for pattern, reason in table.items():
        if not isinstance(reason, str) or not reason.strip():
            raise UsageFailure(
                f"{at(file, pattern)}: the ignore of {pattern} has no reason", f'write {pattern} = "why"'
            )
    return {key: reason for pattern, reason in table.items() for key in _keys(file, pattern)}


def _keys(file: Path | None, pattern: str) -> list[str]:
    """'KT110:my_index' and 'unknown-indexes:my_index' alike become the code with the object."""
    rules, mark, on = pattern.partition(":")
    return [f"{code}{mark}{on}" for code in _codes(file, rules)]


def _codes(file: Path | None, pattern: str) -> list[str]:
    try:
        return [rule.code for rule in matches(RULES, [pattern])]
    except UsageFailure as failure:
        place = f"{at(file, pattern)}: " if file else ""
        raise UsageFailure(f"{place}{failure.cause}", failure.next_step) from None


def _severity(file: Path | None, pattern: str, word: object) -> Severity:
    if word not in set(Severity):
        raise UsageFailure(
            f"{at(file, pattern)}: the severity of {pattern} is {word!r}",
            "write error, warning or info; or ignore the rule",
        )
    return Severity(str(word))


def _table(file: Path | None, name: str, found: object) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise UsageFailure(
            f"{at(file, name)}: {name} in [check] is {found!r}", f"write [check.{name}] and the keys below it"
        )
    return found


def _limits(file: Path | None, table: Mapping[str, Any]) -> Limits:
    for key, value in table.items():
        if key not in LIMITS:
            raise UsageFailure(
                f"{at(file, key)}: unknown key {key!r} in [check.limits]", f"known are {', '.join(LIMITS)}"
            )
        if not _fits(key, value):
            raise UsageFailure(f"{at(file, key)}: {key} in [check.limits] is {value!r}", EXAMPLES[key])
    return Limits(**table)


def _fits(key: str, value: object) -> bool:
    if LIMITS[key] is dict:
        return isinstance(value, dict) and all(_is_amount(budget, (int, float)) for budget in value.values())
    return isinstance(value, bool) if LIMITS[key] is bool else _is_amount(value, LIMITS[key])


def _is_amount(value: object, kinds: type | tuple[type, ...]) -> bool:
    """A number from zero up, which `nan` and `true` are not."""
    return isinstance(value, int | float) and isinstance(value, kinds) and not isinstance(value, bool) and value >= 0
