"""All options of all commands: one name and one variable have one type and one meaning, and help is a sentence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from kinetune import cli
from kinetune.cli.former import FORMER, variable_of
from kinetune.cli.lazy_group import SUMMARIES
from kinetune.cli.main import app

CLI = Path(str(cli.__file__)).parent
NO_VARIABLE = {("check", "--ignore"), ("hotspots", "--endpoint"), ("render", "--endpoint")}
"""A variable is split at spaces, which the reasons of --ignore have; KINETUNE_ENDPOINT is the argument ENDPOINT."""


def collect(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Every parameter of every command, with the words that call the command."""
    yield from ((" ".join(names), parameter) for parameter in command.params)
    for name, below in getattr(command, "commands", {}).items():
        yield from collect(below, *names, name)


PARAMETERS = list(collect(typer.main.get_command(app)))
OPTIONS = [(command, one) for command, one in PARAMETERS if one.param_type_name == "option" and not one.callback]
IDS = [f"{command} {option.opts[0]}" for command, option in OPTIONS]


def first_words(option: Any) -> str:
    """
    The verb and its object: `Write the` for 'Write the report to FILE; the extension selects the format.'

    What follows may say what only this command does with it. Options of one meaning share these words.
    """
    return " ".join(word.rstrip(".,:") for word in option.help.split()[:2])


def by(key: Any) -> dict[str, list[tuple[str, Any]]]:
    groups: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for command, option in OPTIONS:
        for name in key(option):
            groups[name].append((command, option))
    return groups


NAMES = by(lambda option: [name for name in option.opts if name.startswith("--")])  # -o is --output or --output-dir
VARIABLES = by(lambda option: [option.envvar] if option.envvar else [])


@pytest.mark.parametrize("name", [name for name, options in {**NAMES, **VARIABLES}.items() if len(options) > 1])
@pytest.mark.parametrize("what", ["type", "metavar", "first words of the help"])
def test_a_name_has_one_type_and_one_meaning(name: str, what: str) -> None:
    read = {
        "type": lambda option: option.type.name,
        "metavar": lambda option: option.metavar,
        "first words of the help": first_words,
    }[what]
    found = {command: read(option) for command, option in {**NAMES, **VARIABLES}[name]}
    assert len(set(found.values())) == 1, found


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=IDS)
def test_help_is_a_sentence(command: str, option: Any) -> None:
    text = option.help.partition(" [default: ")[0]
    assert text[0].isupper(), text
    assert text.endswith("."), text


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=IDS)
def test_an_option_has_the_variable_of_its_name(command: str, option: Any) -> None:
    name = option.opts[0]
    assert option.envvar == (None if (command, name) in NO_VARIABLE else variable_of(name))


def test_a_former_name_is_not_used_again_by_its_command() -> None:
    names = {(command, name) for command, option in OPTIONS for name in option.opts}
    assert not {(command, old) for command, table in FORMER.items() for old in table} & names


def test_the_summary_of_a_command_is_the_beginning_of_its_help() -> None:
    program: Any = typer.main.get_command(app)
    for name, summary in SUMMARIES.items():
        help_text = " ".join(program.commands[name].help.split())
        assert help_text.startswith(summary.rstrip(".")), name


def test_typer_is_used_by_its_public_names() -> None:
    """typer ships a copy of click as typer._click, which changes without notice."""
    private = re.compile(r"\btyper\._|from typer import _|import click\b|from click\b")
    assert not [path.name for path in CLI.glob("*.py") if private.search(path.read_text(encoding="utf-8"))]
