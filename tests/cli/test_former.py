"""Options of the last release: former names of arguments, variables and keys work, and a note says the new one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from kinetune.cli.former import AMBIGUOUS, FORMER, variable_of
from tests.cli.call import CallResult, call

VALUES: dict[tuple[str, str], Any] = {
    ("explain", "--with"): "work_mem=64MB",
    ("explain", "--compare"): "article,tuned",
    ("hotspots", "--zone"): "Europe/Berlin",
    ("hotspots", "--watch"): "7",
    ("init", "--leave"): "SEQUENCE_CACHE",
    ("init", "--finish"): True,
    ("init", "--drop-gaps"): True,
    ("drop", "--watch"): "7",
    ("render", "--zone"): "aws.eu.a",
    ("render", "--metrics"): "127.0.0.1:9090",
    ("render", "--output"): "folder",
}
ROWS = [(command, old, new) for command, names in FORMER.items() for old, new in names.items()]
IDS = [f"{command} {old}" for command, old, _ in ROWS]


class Recorded:
    """Calls of kinetune in which a command is parsed, and its values are kept instead of carried out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.values: dict[str, Any] = {}
        real = typer.main.get_command

        def recording(app: typer.Typer) -> Any:
            command: Any = real(app)
            if not hasattr(command, "commands"):
                command.callback = self._keep
            return command

        monkeypatch.setattr(typer.main, "get_command", recording)

    def _keep(self, **values: Any) -> None:
        self.values = {name: value for name, value in values.items() if name != "context"}

    def call(
        self, *arguments: object, folder: Path = Path("/"), environ: dict[str, str] | None = None
    ) -> tuple[CallResult, dict[str, Any]]:
        self.values = {}
        return call(*arguments, folder=folder, **environ or {}), self.values


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    return Recorded(monkeypatch)


def words(option: str, value: Any) -> tuple[str, ...]:
    return (option,) if value is True else (option, value)


def key(option: str) -> str:
    return option.removeprefix("--")


def test_every_row_is_tried() -> None:
    assert VALUES.keys() == {(command, old) for command, old, _ in ROWS}


@pytest.mark.parametrize(("command", "old", "new"), ROWS, ids=IDS)
def test_a_former_option_is_the_current_one_with_a_note(recorded: Recorded, command: str, old: str, new: str) -> None:
    value = VALUES[command, old]
    said, wanted = recorded.call(command, *words(new, value))
    assert (said.status, said.err) == (0, "")
    for former in (words(old, value), (f"{old}={value}",) if value is not True else (old,)):
        said, values = recorded.call(command, *former)
        assert (said.status, said.err) == (0, f"note: {old} is now called {new}\n")
        assert values == wanted


@pytest.mark.parametrize(("command", "old", "new"), ROWS, ids=IDS)
def test_a_former_variable_sets_the_current_option(recorded: Recorded, command: str, old: str, new: str) -> None:
    value = VALUES[command, old]
    text = str(value).lower()
    former, current = variable_of(old), variable_of(new)
    _, unset = recorded.call(command)
    _, wanted = recorded.call(command, environ={current: text})
    assert wanted != unset
    said, values = recorded.call(command, environ={former: text})
    if command in AMBIGUOUS:
        assert (said.err, values) == (f"note: {former} is ignored by kinetune {command}; set {current}\n", unset)
    else:
        assert (said.err, values) == (f"note: {former} is now called {current}\n", wanted)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_former_key_sets_the_current_option(recorded: Recorded, tmp_path: Path, row: tuple[str, str, str]) -> None:
    command, old, new = row
    value = VALUES[command, old]
    file = tmp_path / "kinetune.toml"
    file.write_text(f"[{command}]\n{key(new)} = {json.dumps(value)}\n")
    said, wanted = recorded.call(command, folder=tmp_path)
    assert (said.status, said.err) == (0, "")
    file.write_text(f"[{command}]\n{key(old)} = {json.dumps(value)}\n")
    said, values = recorded.call(command, folder=tmp_path)
    assert said.err == f"note: {file}:2: the key `{key(old)}` is now called `{key(new)}`\n"
    assert recorded.call("server", folder=tmp_path)[0].err == ""
    assert values == wanted


def test_a_former_key_above_the_tables_holds_for_the_commands_other_than_render(
    recorded: Recorded, tmp_path: Path
) -> None:
    (tmp_path / "kinetune.toml").write_text('zone = "Europe/Berlin"\nmetrics = "http://127.0.0.1/metrics"\n')
    said, values = recorded.call("hotspots", folder=tmp_path)
    assert said.err == f"note: {tmp_path}/kinetune.toml:1: the key `zone` is now called `timezone`\n"
    assert values["timezone"] == "Europe/Berlin"
    assert recorded.call("render", folder=tmp_path)[1] == recorded.call("render")[1]


def test_the_current_name_wins_over_the_former_one(recorded: Recorded, tmp_path: Path) -> None:
    _, values = recorded.call("hotspots", environ={"KINETUNE_ZONE": "Europe/Berlin", "KINETUNE_TIMEZONE": "Asia/Tokyo"})
    assert values["timezone"] == "Asia/Tokyo"
    (tmp_path / "kinetune.toml").write_text('[hotspots]\nzone = "Europe/Berlin"\ntimezone = "Asia/Tokyo"\n')
    assert recorded.call("hotspots", folder=tmp_path)[1]["timezone"] == "Asia/Tokyo"


def test_a_value_and_an_argument_after_the_dashes_are_left_alone(recorded: Recorded) -> None:
    said, values = recorded.call("hotspots", "--", "--zone")
    assert (said.err, values["source"]) == ("", ("--zone",))


def test_a_former_name_is_not_in_the_help() -> None:
    for command, names in FORMER.items():
        shown = call(command, "--help", COLUMNS="200").out.split()
        assert not set(names) & set(shown), command


def test_the_help_comes_after_a_former_option() -> None:
    said = call("hotspots", "--zone", "UTC", "--help")
    assert said.status == 0
    assert said.err == "note: --zone is now called --timezone\n"
