"""Defaults out of kinetune.toml or [tool.kinetune] in pyproject.toml, found upwards from the working folder."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from typer._click import Command

TABLES = {"check": {"severity", "ignore", "limits"}}
"""Tables within a command's own that are not options. `ignore` takes the place of --ignore: a reason needs a key."""

ALONE = {"rule"}
"""Takes its own table only: a format of check's in a pipeline must not refuse the page that a finding names."""


class Kind(NamedTuple):
    """What the value of an option must be: in words, as TOML types, and as an example."""

    words: str
    types: tuple[type, ...]
    example: str


KINDS = {
    "str": Kind("a text", (str,), '"…"'),
    "path": Kind("a path", (str,), '"…"'),
    "int": Kind("a whole number", (int,), "3"),
    "float": Kind("a number", (int, float), "0.5"),
    "boolean": Kind("true or false", (bool,), "true"),
}
"""By click's name of the type."""
REPEATABLE = {
    "str": Kind("a list of texts", (str, list), '["…", "…"]'),
    "path": Kind("a list of paths", (str, list), '["…", "…"]'),
}


def defaults(command: Command, folder: Path | None = None) -> dict[str, Any]:
    """
    Values by command and parameter, as click's default_map wants them.

    Every option of every command is a key. A key above the table of a command holds for each command below that has
    the option, as its environment variable does. Paths are read from the file's folder. Raises UsageFailure naming the
    file for a key that no command knows, for a value of another kind and for TOML that cannot be read.
    """
    found = _find(folder or Path.cwd())
    return _defaults(found[0], command, found[1], {}) if found else {}


def _defaults(file: Path, command: Command, table: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Those of a command and of the commands below it; its own table goes before what stands `above`."""
    below = _below(command)
    tables = {key: value for key, value in table.items() if key in below and isinstance(value, dict)}
    own = {key: value for key, value in table.items() if key not in tables}
    _refuse_unknown(file, command, own)
    given = above | own
    values = {option.name: _value(file, key, option, given[key]) for key, option in _options(command) if key in given}
    above = {name: {} if name in ALONE else given for name in below}
    return values | {name: _defaults(file, one, tables.get(name, {}), above[name]) for name, one in below.items()}


def _below(command: Command) -> dict[str, Command]:
    return getattr(command, "commands", {})


def _options(command: Command) -> Iterator[tuple[str, Any]]:
    """The command's own by key, without --version and --install-completion, which only act."""
    for one in command.params:
        if one.param_type_name == "option" and not one.callback:
            key = next(name for name in one.opts if name.startswith("--")).removeprefix("--")
            if key not in TABLES.get(command.name or "", ()):
                yield key, one


def _keys(command: Command) -> set[str]:
    return {key for key, _ in _options(command)}.union(*map(_keys, _below(command).values()))


def _refuse_unknown(file: Path, command: Command, own: Iterable[str]) -> None:
    below, known = _below(command), _keys(command)
    where = "" if below else f" in [{command.name}]"
    names = ", ".join(f"[{name}]" for name in below) + " and their options" if below else ", ".join(sorted(known))
    for key in own:
        if key not in known | TABLES.get(command.name or "", set()):
            raise UsageFailure(f"{at(file, key)}: unknown key {key!r}{where}", f"known are {names}")


def _value(file: Path, key: str, option: Any, value: object) -> object:
    click = option.type.name.removesuffix(" range")
    kind = (REPEATABLE if option.multiple else KINDS)[click]
    fits = isinstance(value, kind.types) and isinstance(value, bool) == (bool in kind.types)
    if not fits or (isinstance(value, list) and not all(isinstance(one, str) for one in value)):
        raise UsageFailure(
            f"{at(file, key)}: {key} = {_toml(value)} is not {kind.words}", f"write {key} = {kind.example}"
        )
    if click == "path":
        value = [str(file.parent / one) for one in value] if isinstance(value, list) else str(file.parent / str(value))
    return [value] if option.multiple and isinstance(value, str) else value


def _toml(value: object) -> str:
    return json.dumps(value, default=str)


def tables(command: str, folder: Path | None = None) -> tuple[Path | None, dict[str, Any]]:
    """The tables of a command that no option stands for, and the file they are in."""
    file, table = _find(folder or Path.cwd()) or (None, {})
    own = table.get(command, {})
    return file, {key: value for key, value in own.items() if key in TABLES.get(command, set())}


def _find(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The nearest file that speaks of kinetune; a pyproject.toml without [tool.kinetune] does not."""
    for place in (folder, *folder.parents):
        if (file := place / "kinetune.toml").is_file():
            return file, _read(file)
        if (file := place / "pyproject.toml").is_file() and (table := _tool(file)):
            return file, table
    return None


def _tool(file: Path) -> dict[str, Any]:
    tools = _read(file).get("tool", {})
    table = tools.get("kinetune", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise UsageFailure(f"{file}: tool.kinetune is no table", "write [tool.kinetune] and the keys below it")
    return table


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageFailure(f"cannot read {file}: {error.strerror}", "make it readable, or remove it") from None
    except ValueError as error:  # UnicodeDecodeError, TOMLDecodeError
        raise UsageFailure(f"{file} is not TOML: {error}", "correct it, or remove it") from None


def at(file: Path | None, key: str) -> str:
    """The file, with the first line that the key, or the table of that name, stands in."""
    pattern = re.compile(rf"""\s*(\[[^#]*\b)?["']?{re.escape(key)}["']?\s*[\]=.]""")
    lines = file.read_text(encoding="utf-8").splitlines() if file else []
    number = next((number for number, line in enumerate(lines, 1) if pattern.match(line)), None)
    return f"{file}:{number}" if number else str(file)
