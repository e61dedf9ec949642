"""Defaults out of kinetune.toml or [tool.kinetune] in pyproject.toml, found upwards from the working folder."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from kinetune.model.failure import UsageFailure

COMMON = {"profile", "kine", "k3s", "format", "k3s-config"}
"""Options that may stand at the top and then hold for every command that has them."""
KNOWN = {
    "init": {"profile", "kine", "k3s", "format", "k3s-config", "allow", "leave"},
    "explain": {"kine", "k3s", "format", "k3s-config", "runs", "timeout", "tolerance", "writes", "rows", "tree"},
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
    },
}
TABLES = {"check": {"severity", "ignore", "limits"}}
"""Tables within a command's own, that no option stands for."""


def defaults(folder: Path | None = None) -> dict[str, Any]:
    """
    Values by command and parameter, as click's default_map wants them.

    Raises UsageFailure naming the file for a key that no command knows and for TOML that cannot be read.
    """
    found = _find(folder or Path.cwd())
    if found is None:
        return {}
    file, table = found
    for key, value in table.items():
        if key not in COMMON and not (key in KNOWN and isinstance(value, dict)):
            raise UsageFailure(f"{file}: unknown key {key!r}", f"known are {', '.join(sorted(COMMON | KNOWN.keys()))}")
    return {command: _values(file, command, table) for command in KNOWN}


def _values(file: Path, command: str, table: dict[str, Any]) -> dict[str, Any]:
    own = table.get(command, {})
    for key in own:
        if key not in KNOWN[command] | TABLES.get(command, set()):
            raise UsageFailure(
                f"{file}: unknown key {key!r} in [{command}]", f"known are {', '.join(sorted(KNOWN[command]))}"
            )
    shared = {key: value for key, value in table.items() if key in COMMON & KNOWN[command]}
    options = {key: value for key, value in (shared | own).items() if key in KNOWN[command]}
    return {key.replace("-", "_"): value for key, value in options.items()}


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
        if (file := place / "pyproject.toml").is_file() and (table := _read(file).get("tool", {}).get("kinetune")):
            return file, table
    return None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageFailure(f"cannot read {file}: {error}") from None
