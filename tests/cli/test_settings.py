"""Where a value comes from: the flag, else the environment, else a file found upwards, else the default."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from kinetune.cli.main import app
from kinetune.cli.settings import COMMON, KINDS, KNOWN, defaults
from tests.cli.call import call

PRINT = ("init", "--print", "--server", "postgresql-16")
WRONG = {
    "profile = 3": "profile = 3 is not a text; write profile = ",
    '[explain]\nruns = "x"': 'runs = "x" is not a whole number; write runs = 3',
    "[explain]\nruns = true": "runs = true is not a whole number; write runs = 3",
    "[explain]\nruns = 1.5": "runs = 1.5 is not a whole number; write runs = 3",
    "[explain]\ntree = 1": "tree = 1 is not true or false; write tree = true",
    "[explain]\ntimeout = 2020-01-01": 'timeout = "2020-01-01" is not a number; write timeout = 0.5',
    "[init]\nallow = [1]": "allow = [1] is not a list of texts; write allow = ",
    "[init]\nk3s-config = {}": "k3s-config = {} is not a path; write k3s-config = ",
    "profiles = 'x'": "unknown key 'profiles'; known are ",
    "[init]\nruns = 3": "unknown key 'runs' in [init]; known are ",
    "[build]\nruns = 3": "unknown key 'build'; known are ",
    "init = 3": "unknown key 'init'; known are ",
}


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
    assert defaults(deep)["explain"] == {"runs": 5}


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
        '[init]\nallow = "COLUMN_TYPES"\nleave = ["sequence-cache"]\n'
    )
    explained = json.loads(call("explain", "--query", "create", store, folder=tmp_path).out)
    assert (explained["era"], [one["writes"] for one in explained["calls"]]) == ("v0.14.8", [True])
    assert defaults(tmp_path)["init"]["allow"] == ["COLUMN_TYPES"]
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
    assert said.line.startswith(f"{tmp_path / name} is not TOML: ")


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nkinetune = 3\n")
    assert call(*PRINT, folder=tmp_path).line.startswith(f"{tmp_path}/pyproject.toml: tool.kinetune is no table; ")


def test_a_value_out_of_range_says_who_gave_it(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text("[explain]\nruns = 0\n")
    assert call("explain", folder=tmp_path).line.startswith("configuration: Invalid value for '--runs': 0 is less ")
    assert call("explain", KINETUNE_RUNS="none").line.startswith("KINETUNE_RUNS: Invalid value for '--runs': 'none' ")


def options(command: str) -> dict[str, tuple[str, ...]]:
    """Long options of a command with the variables they are read from."""
    group = typer.main.get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]
    return {
        next(name for name in one.opts if name.startswith("--")).removeprefix("--"): tuple(
            [one.envvar] if isinstance(one.envvar, str) else one.envvar or ()
        )
        for one in found.params
        if one.param_type_name == "option"
    }


@pytest.mark.parametrize("command", ["init", "explain"])
def test_every_option_has_its_variable(command: str) -> None:
    for name, variables in options(command).items():
        assert variables == (f"KINETUNE_{name.upper().replace('-', '_')}",)


@pytest.mark.parametrize("command", KNOWN)
def test_every_known_key_is_an_option_of_a_known_kind(command: str) -> None:
    assert KNOWN[command] <= options(command).keys()
    assert KNOWN[command] | COMMON <= KINDS.keys()
