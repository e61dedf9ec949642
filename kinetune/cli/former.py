"""
Options as they were called in the last release: still accepted, with one line on stderr that says the new name.

An option's former variable and its former key in kinetune.toml are accepted by the same table. To rename an option,
change its declaration and add one entry here; drop the entry a release later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from types import MappingProxyType

FORMER: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "explain": {"--with": "--set", "--compare": "--compare-profiles"},
        "hotspots": {"--zone": "--timezone", "--watch": "--refresh"},
        "init": {"--leave": "--skip", "--finish": "--drop-old-table", "--drop-gaps": "--skip-gap-rows"},
        "drop": {"--watch": "--observe"},
        "render": {"--zone": "--placement", "--metrics": "--metrics-bind-address", "--output": "--output-dir"},
    }
)
"""Command → former name → name."""
AMBIGUOUS = ("render",)
"""Commands whose former options meant something else to other commands, which keep the variable and the shared key."""


def variable_of(option: str) -> str:
    """The environment variable of an option: KINETUNE_TSERVER_HTTP for `--tserver-http`."""
    return "KINETUNE_" + option.removeprefix("--").upper().replace("-", "_")


def replace_former_options(arguments: Sequence[str], report: Callable[[str], None]) -> list[str]:
    """argv with current names; `report` gets a line for each former one. What follows `--` is left as it is."""
    words = list(arguments)
    names = FORMER.get(command_of(words), {})
    end = words.index("--") if "--" in words else len(words)
    replaced = set()
    for index, word in enumerate(words[:end]):
        option, equals, value = word.partition("=")
        if option in names:
            replaced.add(option)
            words[index] = names[option] + equals + value
    for option in sorted(replaced):  # once, however often it is repeated
        report(f"{option} is now called {names[option]}")
    return words


def replace_former_variables(
    arguments: Sequence[str], environ: MutableMapping[str, str], report: Callable[[str], None]
) -> None:
    """Set current variables from former ones where they are not set yet; report those and the ones that are ignored."""
    command = command_of(arguments)
    for former, option in FORMER.get(command, {}).items():
        old, new = variable_of(former), variable_of(option)
        if old in environ and command in AMBIGUOUS:
            report(f"{old} is ignored by kinetune {command}; set {new}")
        elif old in environ:
            report(f"{old} is now called {new}")
            environ.setdefault(new, environ[old])


def replace_former_keys(
    command: str, table: Mapping[str, object], report: Callable[[str, str], None]
) -> dict[str, object]:
    """A table of kinetune.toml with a command's current keys; the current key wins. `report` gets old and new key."""
    names = former_keys(command)
    former = [key for key in table if key in names]
    for key in former:
        report(key, names[key])
    return {names[key]: table[key] for key in former} | {key: table[key] for key in table if key not in names}


def former_keys(command: str) -> dict[str, str]:
    """Former key → key of a command's table in kinetune.toml."""
    return {old.removeprefix("--"): new.removeprefix("--") for old, new in FORMER.get(command, {}).items()}


def command_of(arguments: Sequence[str]) -> str:
    """The command that argv names: its first word that is not an option (no option above a command takes a value)."""
    return next((word for word in arguments if not word.startswith("-")), "")
