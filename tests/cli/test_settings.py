"""Where a value comes from: the flag, else the environment, else a file found upwards, else the default."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from kinetune.cli.main import app
from kinetune.cli.settings import find_settings, read_defaults
from tests.cli.call import call

PRINT = ("init", "--print", "--server", "postgresql-16")
PROGRAM = typer.main.get_group(app)
WRONG = {
    "profile = 3": "profile = 3 is not a string; write profile = ",
    '[explain]\nruns = "x"': 'runs = "x" is not an integer; write runs = 3',
    "[explain]\nruns = true": "runs = true is not an integer; write runs = 3",
    "[explain]\nruns = 1.5": "runs = 1.5 is not an integer; write runs = 3",
    "[explain]\ntree = 1": "tree = 1 is not true or false; write tree = true",
    "[explain]\ntimeout = 2020-01-01": 'timeout = "2020-01-01" is not a time; write timeout = "10s"',
    "[init]\nallow = [1]": "allow = [1] is not a list of strings; write allow = ",
    "[init]\nk3s-config = {}": "k3s-config = {} is not a path; write k3s-config = ",
    "profiles = 'x'": "unknown key 'profiles'; known are ",
    "[init]\nruns = 3": "unknown key 'runs' in [init]; known are ",
    "[build]\nruns = 3": "unknown key 'build'; known are ",
    "init = 3": "unknown key 'init'; known are ",
}


def defaults_in(folder: Path) -> dict[str, Any]:
    return read_defaults(PROGRAM, find_settings(folder))


def written(said: str) -> str:
    """The profile of the SQL that was printed."""
    if "WHERE false" in said:
        return "tuned"
    return "article" if "INCLUDE" in said else "stock"


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A folder two levels below tmp_path."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    return tmp_path / "a" / "b"


def test_the_default_holds_where_nothing_is_said(deep: Path) -> None:
    assert written(call(*PRINT, folder=deep).out) == "tuned"


def test_a_file_wins_over_the_default_wherever_above_it_is(deep: Path, tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text('profile = "article"\n')
    assert written(call(*PRINT, folder=deep).out) == "article"


def test_pyproject_speaks_only_through_its_own_table(deep: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.kinetune.init]\nprofile = "stock"\n')
    (tmp_path / "a" / "pyproject.toml").write_text('[project]\nname = "mine"\n')
    assert written(call(*PRINT, folder=deep).out) == "stock"


def test_the_nearest_file_is_the_only_one(deep: Path, tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text('profile = "article"\n')
    (deep / "kinetune.toml").write_text("[explain]\nruns = 5\n")
    assert written(call(*PRINT, folder=deep).out) == "tuned"
    assert defaults_in(deep)["explain"] == {"runs": 5}


def test_a_commands_own_table_wins_over_the_top(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text('profile = "article"\n[init]\nprofile = "stock"\n')
    assert written(call(*PRINT, folder=tmp_path).out) == "stock"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text('profile = "article"\n')
    assert written(call(*PRINT, folder=tmp_path, KINETUNE_PROFILE="stock").out) == "stock"


def test_the_flag_wins_over_the_environment(tmp_path: Path) -> None:
    said = call(*PRINT, "--profile", "tuned", folder=tmp_path, KINETUNE_PROFILE="stock")
    assert written(said.out) == "tuned"


def test_numbers_switches_and_lists_come_through(store: str, tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text(
        'kine = "v0.14.16"\nformat = "json"\n[explain]\nruns = 1\nwrites = true\nrows = 50\ntimeout = 5\n'
        '[init]\nallow = "COLUMN_TYPES"\nskip = ["sequence-cache"]\n'
    )
    explained = json.loads(call("explain", "--query", "create", store, folder=tmp_path).out)
    assert (explained["era"], [one["writes"] for one in explained["calls"]]) == ("v0.14.8", [True])
    assert defaults_in(tmp_path)["init"]["allow"] == ["COLUMN_TYPES"]
    assert json.loads(call("init", "-n", store, folder=tmp_path).out)["era"] == "v0.14.8"


def test_a_path_is_read_from_the_folder_of_its_file(store: str, deep: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"datastore-endpoint: {store}\n")
    (tmp_path / "kinetune.toml").write_text('k3s-config = "config.yaml"\n')
    said = call("init", "-n", folder=deep)
    assert said.status == 0
    assert f"database {store.rpartition('/')[2]}" in said.out


@pytest.mark.parametrize("name", ["kinetune.toml", "pyproject.toml"])
@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_key_or_value_names_the_file_and_the_key(tmp_path: Path, text: str, name: str) -> None:
    inner = text.replace("[", "[tool.kinetune.", 1) if text.startswith("[") else f"[tool.kinetune]\n{text}"
    (tmp_path / name).write_text(inner if name == "pyproject.toml" else text)
    said = call(*PRINT, folder=tmp_path)
    assert said.status == 2
    assert re.match(re.escape(f"{tmp_path / name}:") + r"\d+: " + re.escape(WRONG[text]), said.line)


@pytest.mark.parametrize("name", ["kinetune.toml", "pyproject.toml"])
def test_toml_that_is_none_names_the_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"profile = \xff")
    said = call(*PRINT, folder=tmp_path)
    assert said.status == 2
    assert said.line.startswith(f"{tmp_path / name} is not valid TOML: ")


def test_a_table_of_another_type_is_reported(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nkinetune = 3\n")
    assert call(*PRINT, folder=tmp_path).line.startswith(f"{tmp_path}/pyproject.toml: tool.kinetune is not a table; ")


def test_a_value_out_of_range_says_who_gave_it(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text("[explain]\nruns = 0\n")
    assert call("explain", folder=tmp_path).line.startswith("configuration: Invalid value for '--runs': 0 is less ")
    assert call("explain", KINETUNE_RUNS="none").line.startswith("KINETUNE_RUNS: Invalid value for '--runs': 'none' ")


ONE = {"str": "x", "path": "y/x", "int": 7, "float": 7.5}
NO_VARIABLE = {("check", "ignore"), ("hotspots", "endpoint"), ("render", "endpoint")}
"""A variable is split at spaces, which reasons have; KINETUNE_ENDPOINT is read where no other source is named."""


def options(command: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every option of every command, with the names of the commands above it."""
    yield from ((names, one) for one in command.params if one.param_type_name == "option" and not one.callback)
    for name, below in getattr(command, "commands", {}).items():
        yield from options(below, *names, name)


def key(option: Any) -> str:
    return str(option.opts[0]).removeprefix("--")


OPTIONS = list(options(PROGRAM))
IDS = [" ".join((*names, f"--{key(option)}")) for names, option in OPTIONS]


@pytest.mark.parametrize(("names", "option"), OPTIONS, ids=IDS)
def test_every_option_has_its_variable(names: tuple[str, ...], option: Any) -> None:
    variable = f"KINETUNE_{key(option).upper().replace('-', '_')}"
    assert option.envvar == (None if (*names, key(option)) in NO_VARIABLE else variable)


def parsed(names: tuple[str, ...], folder: Path) -> Any:
    """click's context of the innermost command, called without an option in this folder."""
    command: Any = PROGRAM
    context = None
    settings: dict[str, Any] | None = defaults_in(folder)
    for name in ("kinetune", *names):
        command = command.commands[name] if context else command
        arguments = ["x"] if any(one.required for one in command.params) or hasattr(command, "commands") else []
        context = command.make_context(name, arguments, context, **({} if context else {"default_map": settings}))
    return context


@pytest.mark.parametrize(("names", "option"), OPTIONS, ids=IDS)
def test_every_option_may_stand_in_the_file(names: tuple[str, ...], option: Any, tmp_path: Path) -> None:
    value: Any = ONE.get(option.type.name.removesuffix(" range"), not option.default)
    table = f"[{'.'.join(names)}]\n" if names else ""
    if (*names, key(option)) == ("check", "ignore"):
        (tmp_path / "kinetune.toml").write_text('[check.ignore]\nKT110 = "x"\n')
        assert "ignored KT110: x\n" in call("check", "--show-settings", folder=tmp_path).out
        return
    (tmp_path / "kinetune.toml").write_text(f"{table}{key(option)} = {json.dumps(value)}\n")
    context = parsed(names, tmp_path)
    wanted = str(tmp_path / value) if option.type.name == "path" else value
    assert context.params[option.name] in (wanted, (wanted,), [wanted])
    assert context.get_parameter_source(option.name).name == "DEFAULT_MAP"


def test_a_key_at_the_top_holds_for_every_command_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text("tserver-http = 7000\n[server]\ntserver-http = 7001\n")
    ports = {name: values.get("tserver_http") for name, values in defaults_in(tmp_path).items()}
    assert {name: port for name, port in ports.items() if port} == {"init": 7000, "check": 7000, "server": 7001}


def test_a_key_may_have_the_name_of_a_command(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text('server = "postgresql-16"\n')
    assert written(call("init", "--print", folder=tmp_path).out) == "tuned"


def test_what_the_file_sets_is_done(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text("[render]\nnodes = 5\n")
    assert "yugabytedb-node5" in call("render", "compose", folder=tmp_path).out
