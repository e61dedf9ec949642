"""The commands of the program, each imported when it is first used: --help starts without them."""

from __future__ import annotations

from collections import UserDict
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from kinetune.cli.options import EVERY_OPTION

SUMMARIES = {
    "init": "Prepare a new or existing database for Kine.",
    "explain": "Show what Kine's queries cost on this store, and why.",
    "hotspots": "Rank Kine's queries by the time they take.",
    "check": "Check a Kine store, saved facts or configuration files against rules.",
    "rule": "Explain rules of `kinetune check`.",
    "server": "Show facts about a server's release, and its current settings.",
    "analyze": "Run ANALYZE kine, so that the planner knows the size of the table.",
    "render": "Write configuration files for a cluster: database, Kine, K3s, a sample application, monitoring.",
    "drop": "Drop Kine's table and everything that kinetune created, and nothing else.",
    "move": "Move a cluster's state onto PostgreSQL or YugabyteDB, with all revisions.",
    "backup": "Copy a Kine store or an etcd to one file, at one moment, while it is in use.",
    "restore": "Restore a copy of `kinetune backup` or `kinetune drop --backup` as the table kine.",
    "demo": "Fill a private PostgreSQL like a busy K3s cluster and compare Kine's queries.",
    "embedded": "Manage private PostgreSQL servers: embedded[:NAME].",
}
"""By command, in the order of --help: the beginning of its own help. The module kinetune.cli.<command> has the rest."""


class LazyGroup(TyperGroup):
    """The group `kinetune`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands(dict.fromkeys(SUMMARIES))

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is typer's
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


class LazyCommands(UserDict[str, Any]):
    """Click commands by name; None for a command that is not loaded yet."""

    def __getitem__(self, name: str) -> Any:
        if self.data[name] is None:
            self.data[name] = _load_command(name)
        return self.data[name]


def _load_command(name: str) -> Any:
    module = import_module(f"kinetune.cli.{name}")
    app = getattr(module, "app", None)  # a group of commands has one of its own
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, epilog=EVERY_OPTION)(getattr(module, name))
    command = typer.main.get_command(app)
    command.name = name
    return command
