"""A wrong call, a file that cannot be read or written: exit 2 and one line, before any long work."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.call import PROGRAM, ROOT, call, call_in_process, environment

NOWHERE = "postgres://u@127.0.0.1:1/x"
"""No server listens there: an error other than `cannot connect` came before connecting."""
WRONG = {
    ("init", "--kine", "newest", NOWHERE): "'newest' is not a release of Kine; use a version such as v0.17.5",
    ("init", "--kine", "v0.1.0", NOWHERE): "Kine v0.1.0 is too old; supported are v0.5.1 to v0.17.5",
    ("explain", "--k3s", "v1.99.1", NOWHERE): "the Kine release in K3s v1.99.1 is unknown; known are K3s 1.19, ",
    (
        "explain",
        "--kine",
        "v0.17.5",
        "--k3s",
        "v1.33.4",
        NOWHERE,
    ): "--kine and --k3s cannot be combined: both set the Kine release",
    ("init", "--allow", "fire", NOWHERE): "unknown hazard FIRE; known are COLUMN_TYPES, SEQUENCE_CACHE",
    ("init", "--skip", "fire", NOWHERE): "unknown hazard FIRE; known are COLUMN_TYPES, SEQUENCE_CACHE",
    ("init", "--yes", "--format", "pdf", NOWHERE): "unknown format pdf; choose one of text, json, markdown, html",
    ("init", "--yes", "--format", "sarif", NOWHERE): "sarif is for kinetune check; choose text, json, markdown or html",
    ("explain", "--format", "pdf", NOWHERE): "unknown format pdf; choose one of text, json, markdown, html",
    (
        "init",
        "--print",
        "--server",
        "oracle-9",
    ): "unknown server 'oracle-9'; use a name such as postgresql-16 or yugabytedb-2024.2",
    ("init", "--server", "postgresql-16"): "--server needs --print; add --print, or omit --server to use the endpoint",
    (
        "init",
        "--print",
        "--server",
        "postgresql-5",
    ): "postgresql-5 is older than the oldest known release; use postgresql-10 or newer",
    (
        "server",
        "--server",
        "yugabytedb-1.0",
    ): "yugabytedb-1.0 is older than the oldest known release; use yugabytedb-2.14 or newer",
    ("server", "--server", "yugabytedb-2024"): "yugabytedb-2024 is older than the oldest known release; use yugabytedb-"
    "2024.1 or newer",
    ("server", "--server", "postgresql-16", NOWHERE): "--server uses no connection; remove --server or the endpoint",
    (
        "init",
        "--print",
        "--server",
        "postgresql-16",
        NOWHERE,
    ): "--server uses no connection; remove --server or the endpoint",
    (
        "init",
        "--revert",
        "--profile",
        "article",
        NOWHERE,
    ): "--revert means --profile stock, not article; remove one of them",
    (
        "init",
        "--allow",
        "REBUILD",
        "--skip",
        "rebuild",
        NOWHERE,
    ): "--allow and --skip both name REBUILD; remove one of them",
    ("init", "--print", "-o", "x.json", NOWHERE): "--print writes SQL to stdout, not a report; ",
    ("init", "--print", "--server", "postgresql-16", "--profile", "best"): "unknown profile 'best'; known are tuned, ",
    ("explain", "--arg", "prefix", NOWHERE): "--arg prefix= is not valid; use prefix=…, key=…, revision=…",
    ("explain", "--arg", "colour=red", NOWHERE): "--arg colour=red is not valid; use prefix=…, ",
    ("explain", "--arg", "revision=old", NOWHERE): "--arg revision=old is not a revision; use a number such as ",
    ("explain", "--runs", "0", NOWHERE): "Invalid value for '--runs': 0 is less than 1; see kinetune explain --help",
    (
        "explain",
        "--runs",
        "x",
        NOWHERE,
    ): "Invalid value for '--runs': 'x' is not an integer; see kinetune explain --help",
    ("explain", "--timeout", "0", NOWHERE): "--timeout '0' is less than 0.001s; ",
    ("explain", "--colour", NOWHERE): "No such option: --colour; see kinetune explain --help",
    ("explain", NOWHERE, "more"): "Got unexpected extra argument(s) (more); see kinetune explain --help",
    ("drop", "--allow", "COLUMN_TYPES", NOWHERE): "unknown hazard COLUMN_TYPES; known are KINE_RUNS, RECENT_WRITES, ",
    ("drop", "--observe", "0", NOWHERE): "--observe '0' is less than 0.1s",
    (
        "drop",
        "--backup",
        "/nowhere/x",
        NOWHERE,
    ): "cannot write /nowhere/x: No such file or directory; create its folder",
    ("drop", "--yes", NOWHERE): "No such option: --yes; see kinetune drop --help",
    ("restore",): "Missing argument 'FILE'; see kinetune restore --help",
    (
        "restore",
        "/nowhere/x",
        NOWHERE,
    ): "cannot read /nowhere/x: No such file or directory; name a file that can be read",
    ("optimise",): "No such command 'optimise'; see kinetune --help",
    (
        "init",
        "--k3s-config",
        "/nowhere/config.yaml",
    ): "/nowhere/config.yaml cannot be read: No such file or directory; ",
    ("embedded", "stop", "../x"): "the name of an embedded server must have 1 to 32 of a-z, 0-9 and -; ",
}
UNWRITABLE = {
    "/nowhere/report.html": "cannot write /nowhere/report.html: No such file or directory; create its folder first",
    "/proc/report.html": "cannot write /proc/report.html: No such file or directory; create its folder first",
    "report.pdf": "cannot select a format for report.pdf: unknown extension; use one of .html .json .md .txt",
    "report.sarif": ".sarif is for kinetune check; choose text, json, markdown or html",
    "report": "cannot select a format for report: unknown extension; use one of .html .json .md .txt",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_call_is_reported_before_anything_is_done(arguments: tuple[str, ...]) -> None:
    said = call(*arguments)
    assert said.status == 2
    assert said.out == ""
    assert said.line.startswith(WRONG[arguments])


@pytest.mark.parametrize("option", ["profile", "query"])
def test_an_unknown_name_lists_the_known_ones(store: str, option: str) -> None:
    said = call("init" if option == "profile" else "explain", f"--{option}", "best", store)
    assert said.status == 2
    assert said.line.startswith(
        {"profile": "unknown profile 'best'; ", "query": "unknown call or query 'best'; "}[option]
    )


def test_a_write_is_not_explained_unasked(store: str) -> None:
    said = call("explain", "--query", "create", store)
    assert said.status == 2
    assert said.line == "create is a write, and writes are skipped; add --writes to use a copy"


def test_an_era_without_recording_names_the_nearest(store: str) -> None:
    said = call("explain", "--kine", "v0.14.1", store)
    assert said.status == 2
    assert said.line.endswith("the nearest recorded release is in v0.13.0 – v0.13.19 (set --kine v0.13.0)")


def test_no_command_shows_the_help_itself() -> None:
    said = call()
    assert said.status == 2
    assert said.err.startswith("Usage: kinetune [OPTIONS] COMMAND")
    assert said.err.count("\n") > 10


@pytest.mark.parametrize("command", ["init", "explain"])
@pytest.mark.parametrize("name", UNWRITABLE)
def test_an_output_that_cannot_be_is_reported_before_the_work(command: str, name: str, tmp_path: Path) -> None:
    said = call(command, "-o", name, NOWHERE, folder=tmp_path)
    assert said.status == 2
    assert said.line == UNWRITABLE[name]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("option", ["-o", "--save"])
def test_a_folder_is_no_output(option: str, tmp_path: Path) -> None:
    (tmp_path / "out.json").mkdir()
    said = call("explain", option, "out.json", NOWHERE, folder=tmp_path)
    assert said.status == 2
    assert said.line == "cannot write out.json: Is a directory; name a file, not a folder"


def test_a_file_that_is_there_is_kept_where_the_call_fails(tmp_path: Path) -> None:
    (tmp_path / "before.json").write_text("mine")
    assert call("explain", "--save", "before.json", NOWHERE, folder=tmp_path).status == 3
    assert (tmp_path / "before.json").read_text() == "mine"
    assert os.listdir(tmp_path) == ["before.json"]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "cannot read run.json: No such file or directory; save one with kinetune explain --save FILE"),
        (b"{", "run.json is not JSON or is truncated: "),
        (b"\xff\xfe", "run.json is not JSON or is truncated: "),
        (b"[]", "run.json contains no saved run of kinetune explain; save one with kinetune explain --save FILE"),
        (b'{"kind": "kinetune init", "schema": 1}', "run.json contains no saved run of kinetune explain; "),
        (
            b'{"kind": "kinetune explain", "schema": 99}',
            "run.json has schema 99, this kinetune reads 1; update kinetune",
        ),
        (b'{"kind": "kinetune explain", "schema": 1}', "run.json is damaged: "),
        (b'{"kind": "kinetune explain", "schema": 1, "server": 3}', "run.json is damaged: "),
    ],
)
def test_a_run_that_cannot_be_compared_with_is_reported_before_the_work(
    tmp_path: Path, content: bytes | None, cause: str
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    said = call("explain", "--against", "run.json", NOWHERE, folder=tmp_path)
    assert said.status == 2
    assert said.line.startswith(cause)


def test_a_saved_run_that_lost_a_part_is_damaged(store: str, tmp_path: Path) -> None:
    assert call("explain", "--query", "get", "--save", "run.json", store, folder=tmp_path).status == 0
    run = json.loads((tmp_path / "run.json").read_text())
    damages: tuple[dict[str, object], ...] = (
        {"calls": "none"},
        {"calls": [{}]},
        {"server": {"flavour": "oracle"}},
        {"observed_at": "noon"},
    )
    for damage in damages:
        (tmp_path / "run.json").write_text(json.dumps(run | damage))
        said = call("explain", "--against", "run.json", NOWHERE, folder=tmp_path)
        assert said.status == 2
        assert said.line.startswith("run.json is damaged: ")


@pytest.mark.parametrize("arguments", [("--tree",), ("--format", "json")], ids=" ".join)
def test_a_closed_pipe_is_quiet(store: str, arguments: tuple[str, ...]) -> None:
    first = subprocess.Popen(
        [*PROGRAM, "explain", *arguments, store],
        env=environment({"PYTHONPATH": str(ROOT)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert first.stdout is not None
    assert first.stderr is not None
    first.stdout.close()
    said = first.stderr.read()
    first.stderr.close()
    assert (first.wait(20), said) == (141, b"")


def test_a_full_disk_is_reported() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "init", "--print", "--server", "postgresql-16"],
            env=environment({"PYTHONPATH": str(ROOT)}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "kinetune: cannot write stdout: No space left on device; free disk space\n"


def test_an_unexpected_error_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from kinetune.cli import options

    monkeypatch.setattr(options, "os", None)
    said = call("explain", NOWHERE)
    assert said.status == 3
    assert said.line.startswith("unexpected AttributeError; run again with --debug and report")


def test_help_comes_whatever_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text("broken")
    assert call("explain", "--help", folder=tmp_path).status == 0
    assert call_in_process("--version", folder=tmp_path).status == 0
