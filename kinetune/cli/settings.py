"""Defaults out of kinetune.toml or [tool.kinetune] in pyproject.toml, found upwards from the working folder."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from kinetune.model.failure import UsageFailure

COMMON = {"profile", "kine", "k3s", "format", "k3s-config"}
"""Options that may stand at the top and then hold for every command that has them."""
KNOWN = {
    "init": {"profile", "kine", "k3s", "format", "k3s-config", "allow", "leave", "tserver-http"},
    "explain": {"kine", "k3s", "format", "k3s-config", "runs", "timeout", "tolerance", "writes", "rows", "tree"},
    "hotspots": {
        "format",
        "k3s-config",
        "journal",
        "metrics",
        "interval",
        "by",
        "top",
        "min-duration",
        "zone",
        "jobs",
        "fail-over",
        "redact",
    },
    "server": {"format", "k3s-config", "tserver-http"},
    "analyze": {"k3s-config"},
    "render": {"kine", "k3s", "image", "kinetune-image", "namespace", "servers", "pool", "max-connections"},
    "demo": {"objects", "kine"},
    "check": {
        "kine",
        "k3s",
        "format",
        "k3s-config",
        "select",
        "extend-select",
        "fail-on",
        "strict",
        "baseline",
        "against",
        "tserver-http",
        "kine-unit",
        "helm-values",
        "compose",
        "config-dir",
        "offline",
    },
}
TABLES = {"check": {"severity", "ignore", "limits"}}
"""Tables within a command's own, that no option stands for."""
TEXT, TEXTS, PATH, PATHS = "a text", "a list of texts", "a path", "a list of paths"
WHOLE, NUMBER, SWITCH = "a whole number", "a number", "true or false"
KINDS = {
    **dict.fromkeys(("profile", "kine", "k3s", "format", "fail-on", "interval", "by", "min-duration", "zone"), TEXT),
    **dict.fromkeys(("image", "kinetune-image", "namespace"), TEXT),
    **dict.fromkeys(("allow", "leave", "select", "extend-select", "journal", "metrics", "fail-over"), TEXTS),
    **dict.fromkeys(("k3s-config", "baseline", "against"), PATH),
    **dict.fromkeys(("runs", "rows", "objects", "top", "jobs", "tserver-http"), WHOLE),
    **dict.fromkeys(("servers", "pool", "max-connections"), WHOLE),
    **dict.fromkeys(("kine-unit", "helm-values", "compose", "config-dir"), PATHS),
    **dict.fromkeys(("timeout", "tolerance"), NUMBER),
    **dict.fromkeys(("writes", "tree", "strict", "redact", "offline"), SWITCH),
}
TYPES: dict[str, type | tuple[type, ...]] = {
    TEXT: str,
    TEXTS: (str, list),
    PATH: str,
    PATHS: (str, list),
    WHOLE: int,
    NUMBER: (int, float),
    SWITCH: bool,
}
EXAMPLES = dict.fromkeys((TEXT, PATH), '"…"') | dict.fromkeys((TEXTS, PATHS), '["…", "…"]')
EXAMPLES |= {WHOLE: "3", NUMBER: "0.5", SWITCH: "true"}


def defaults(folder: Path | None = None) -> dict[str, Any]:
    """
    Values by command and parameter, as click's default_map wants them.

    Paths are read from the file's folder. Raises UsageFailure naming the file for a key that no command knows, for a
    value of another kind and for TOML that cannot be read.
    """
    found = _find(folder or Path.cwd())
    if found is None:
        return {}
    file, table = found
    for key, value in table.items():
        if key not in COMMON and not (key in KNOWN and isinstance(value, dict)):
            raise UsageFailure(
                f"{at(file, key)}: unknown key {key!r}", f"known are {', '.join(sorted(COMMON | KNOWN.keys()))}"
            )
    return {command: _values(file, command, table) for command in KNOWN}


def _values(file: Path, command: str, table: dict[str, Any]) -> dict[str, Any]:
    own = table.get(command, {})
    for key in own:
        if key not in KNOWN[command] | TABLES.get(command, set()):
            raise UsageFailure(
                f"{at(file, key)}: unknown key {key!r} in [{command}]", f"known are {', '.join(sorted(KNOWN[command]))}"
            )
    shared = {key: value for key, value in table.items() if key in COMMON & KNOWN[command]}
    options = {key: value for key, value in (shared | own).items() if key in KNOWN[command]}
    return {key.replace("-", "_"): _value(file, key, value) for key, value in options.items()}


def _value(file: Path, key: str, value: object) -> object:
    kind = KINDS[key]
    fits = isinstance(value, TYPES[kind]) and isinstance(value, bool) == (kind == SWITCH)
    if not fits or (isinstance(value, list) and not all(isinstance(one, str) for one in value)):
        raise UsageFailure(f"{at(file, key)}: {key} = {_toml(value)} is not {kind}", f"write {key} = {EXAMPLES[kind]}")
    if kind == PATH:
        return str(file.parent / str(value))
    if kind == PATHS:
        return [str(file.parent / str(one)) for one in (value if isinstance(value, list) else [value])]
    return [value] if kind == TEXTS and isinstance(value, str) else value


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
