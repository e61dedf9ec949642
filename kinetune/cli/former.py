"""
Options as they were called in the last release: still accepted, with one line on stderr that says the new name.

An option's former variable and its former key in kinetune.toml are accepted by the same table. To rename an option,
change its declaration and add one entry here; drop the entry a release later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
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
NOT_FOR_RENDER = ("KINETUNE_ZONE", "KINETUNE_METRICS", "KINETUNE_OUTPUT")
"""Variables that meant one thing to render and another to all other commands, which keep them."""


def variable_of(option: str) -> str:
    """`--tserver-http` is set by KINETUNE_TSERVER_HTTP."""
    return "KINETUNE_" + option.removeprefix("--").upper().replace("-", "_")


def replace_former_options(arguments: Iterable[str], report: Callable[[str], None]) -> list[str]:
    """argv with today's names; `report` gets a line for each former one. What follows `--` is left as it is."""
    words = iter(arguments)
    current: list[str] = []
    names: Mapping[str, str] = {}
    for word in words:
        if word == "--":
            return [*current, word, *words]
        option, equals, value = word.partition("=")
        if not names and word in FORMER:
            names = FORMER[word]
        elif option in names:
            report(f"{option} is now called {names[option]}")
            word = names[option] + equals + value
        current.append(word)
    return current


def replace_former_variables(command: str, environ: MutableMapping[str, str], report: Callable[[str], None]) -> None:
    """Sets today's variables from former ones where they are not set; a variable that no longer holds is reported."""
    for former, option in FORMER.get(command, {}).items():
        old, new = variable_of(former), variable_of(option)
        if command == "render" and old in NOT_FOR_RENDER:
            if old in environ:
                report(f"{old} is ignored by kinetune render; set {new}")
        elif old in environ and new not in environ:
            report(f"{old} is now called {new}")
            environ[new] = environ[old]


def replace_former_keys(command: str, table: Mapping[str, object], report: Callable[[str], None]) -> dict[str, object]:
    """A command's own table of kinetune.toml with today's keys; the new key wins where both are there."""
    names = {old.removeprefix("--"): new.removeprefix("--") for old, new in FORMER.get(command, {}).items()}
    return dict(_current_items(table, names, report))


def _current_items(
    table: Mapping[str, object], names: Mapping[str, str], report: Callable[[str], None]
) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if key not in names:
            yield key, value
        elif names[key] not in table:
            report(f"key {key} is now called {names[key]}")
            yield names[key], value
