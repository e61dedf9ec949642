"""Defaults of options, from kinetune.toml or [tool.kinetune] in a pyproject.toml, in this folder or above it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kinetune.cli.former import AMBIGUOUS, former_keys, replace_former_keys
from kinetune.model.failure import UsageFailure
from kinetune.model.settings_file import SettingsFile

if TYPE_CHECKING:
    from typer.core import TyperGroup

TABLES = {"check": {"severity", "ignore", "limits"}}
"""Tables of a command that are not options. `ignore` replaces --ignore: each reason needs a key."""
NOT_SHARED = {"rule"}
"""Commands that read their own table only: `format = "sarif"`, meant for check, must not make `kinetune rule` fail."""


class ValueType(NamedTuple):
    """What the value of an option must be: in words, as TOML types, and as an example."""

    words: str
    types: tuple[type, ...]
    example: str


VALUE_TYPES = {
    "str": ValueType("a string", (str,), '"…"'),
    "path": ValueType("a path", (str,), '"…"'),
    "int": ValueType("an integer", (int,), "3"),
    "float": ValueType("a number", (int, float), "0.5"),
    "boolean": ValueType("true or false", (bool,), "true"),
}
"""By click's name of the type."""
TIME = ValueType("a time", (str, int, float), '"10s"')
"""Of a text option with the metavar TIME: a number without a unit is seconds."""
LIST_TYPES = {
    "str": ValueType("a list of strings", (str, list), '["…", "…"]'),
    "path": ValueType("a list of paths", (str, list), '["…", "…"]'),
}


def find_settings(folder: Path | None = None) -> SettingsFile:
    """The nearest file with settings in the folder (default: the working folder) or above it; others are not read."""
    start = folder or Path.cwd()
    for place in (start, *start.parents):
        if (path := place / "kinetune.toml").is_file():
            text, table = _read_toml(path)
            return SettingsFile(path, text, table)
        if (path := place / "pyproject.toml").is_file():
            text, table = _read_toml(path)
            if own := _tool_table(path, table):
                return SettingsFile(path, text, own)
    return SettingsFile()


def read_defaults(
    program: TyperGroup, settings: SettingsFile, report: Callable[[str, str], None] = lambda *_: None
) -> dict[str, Any]:
    """
    Values by command and parameter, in the form of click's default_map.

    Every option of every command is a key. A key above the tables applies to every command that has the option, as its
    environment variable does. Paths are relative to the file's folder. `report` gets the command and a line for each
    key with a new name. Raises UsageFailure with file and line for an unknown key and for a value of the wrong type.
    """
    return _Defaults(settings, report).of(program, settings.table, {})


@dataclass(frozen=True)
class _Defaults:
    settings: SettingsFile
    report: Callable[[str, str], None]

    def of(self, command: Any, table: Mapping[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
        """Defaults of a command and its subcommands; keys of its own table override the `shared` ones above it."""
        subcommands = _subcommands(command)
        tables = {key: value for key, value in table.items() if key in subcommands and isinstance(value, dict)}
        own = {key: value for key, value in table.items() if key not in tables}
        self._refuse_unknown(command, own)
        given = self._rename_keys(command, own)
        # Former `zone` above the tables is --timezone of hotspots; render's former --zone had another meaning.
        given = (shared if command.name in AMBIGUOUS else self._rename_keys(command, shared)) | given
        values = {
            option.name: self._convert(key, option, given[key]) for key, option in _options(command) if key in given
        }
        below = {name: {} if name in NOT_SHARED else given for name in subcommands}
        return values | {name: self.of(one, tables.get(name, {}), below[name]) for name, one in subcommands.items()}

    def _rename_keys(self, command: Any, table: dict[str, Any]) -> dict[str, Any]:
        def note(old: str, new: str) -> None:
            self.report(command.name, f"{self.settings.locate(old)}: the key `{old}` is now called `{new}`")

        return replace_former_keys(command.name or "", table, note)

    def _refuse_unknown(self, command: Any, keys: Iterable[str]) -> None:
        subcommands, known = _subcommands(command), _known_keys(command)
        accepted = known | _former_keys(command) | TABLES.get(command.name or "", set())
        for key in keys:
            if key not in accepted:
                where = "" if subcommands else f" in [{command.name}]"
                names = ", ".join(f"[{name}]" for name in subcommands) + " and their options"
                raise UsageFailure(
                    f"{self.settings.locate(key)}: unknown key {key!r}{where}",
                    f"known are {names if subcommands else ', '.join(sorted(known))}",
                )

    def _convert(self, key: str, option: Any, value: object) -> object:
        """The value as click takes it: a path from the file's folder, a single one of a repeatable option as a list."""
        name = option.type.name.removesuffix(" range")
        type_ = TIME if option.metavar == "TIME" else (LIST_TYPES if option.multiple else VALUE_TYPES)[name]
        fits = isinstance(value, type_.types) and isinstance(value, bool) == (bool in type_.types)
        if not fits or (isinstance(value, list) and not all(isinstance(item, str) for item in value)):
            raise UsageFailure(
                f"{self.settings.locate(key)}: {key} = {json.dumps(value, default=str)} is not {type_.words}",
                f"write {key} = {type_.example}",
            )
        items = value if isinstance(value, list) else [str(value) if type_ is TIME else value]
        if name == "path" and self.settings.path:
            items = [str(self.settings.path.parent / str(item)) for item in items]
        return items if option.multiple else items[0]


def _subcommands(command: Any) -> dict[str, Any]:
    return getattr(command, "commands", {})


def _options(command: Any) -> Iterator[tuple[str, Any]]:
    """The command's own options by key, without those that only act, such as --version and --install-completion."""
    for parameter in command.params:
        if parameter.param_type_name == "option" and not parameter.callback:
            key = next(name for name in parameter.opts if name.startswith("--")).removeprefix("--")
            if key not in TABLES.get(command.name or "", ()):
                yield key, parameter


def _known_keys(command: Any) -> set[str]:
    return {key for key, _ in _options(command)}.union(*map(_known_keys, _subcommands(command).values()))


def _former_keys(command: Any) -> set[str]:
    return set(former_keys(command.name or "")).union(*map(_former_keys, _subcommands(command).values()))


def _tool_table(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """[tool.kinetune] of a pyproject.toml, empty if it is not there."""
    tools = document.get("tool", {})
    table = tools.get("kinetune", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise UsageFailure(f"{path}: tool.kinetune is not a table", "write [tool.kinetune] and the keys below it")
    return table


def _read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "make it readable or remove it") from None
    except ValueError as error:  # UnicodeDecodeError, TOMLDecodeError
        raise UsageFailure(f"{path} is not valid TOML: {error}", "correct it or remove it") from None
