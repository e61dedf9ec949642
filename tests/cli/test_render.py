"""`kinetune render`: one file or several, onto stdout or into a folder, asked and refused."""

from __future__ import annotations

import os
import re
import resource
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from kinetune import __version__
from kinetune.cli.main import app
from kinetune.model.failure import Exit
from kinetune.render.kinds import KINDS, find_kind, render_files
from kinetune.render.values import RenderValues
from tests.cli.call import PROGRAM, ROOT, call, environment, terminal

NAMES = [kind.name for kind in KINDS]


@pytest.mark.parametrize("arguments", [[], ["--list"], ["kine", "--list"]])
def test_without_a_kind_they_are_listed_with_their_options(arguments: list[str]) -> None:
    said = call("render", *arguments)
    assert (said.status, said.err) == (Exit.CLEAN, "")
    assert re.findall(r"^([a-z0-9-]+)  ", said.out, re.MULTILINE) == NAMES
    assert "--max-connections" in said.out
    assert max(map(len, said.out.splitlines())) <= 120


def test_the_help_lists_the_kinds() -> None:
    assert f"Kind of files: {', '.join(NAMES)}." in " ".join(call("render", "--help").out.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_renders_with_its_defaults(name: str, tmp_path: Path) -> None:
    files = render_files(find_kind(name), RenderValues())
    said = call("render", name)
    assert (said.status, said.err) == (Exit.CLEAN, "")
    if len(files) == 1:
        assert said.out == files[0].text
    else:
        assert re.findall(r"^# ---- (.*) ----$", said.out, re.MULTILINE) == [file.path for file in files]
    written = call("render", name, "-o", tmp_path / "new" / "folder")
    assert (written.status, written.out) == (Exit.CLEAN, "")
    for file in files:
        path = tmp_path / "new" / "folder" / file.path
        assert path.read_text(encoding="utf-8") == file.text
        assert bool(path.stat().st_mode & stat.S_IXUSR) == file.executable
        assert f"wrote {path}\n" in written.err


def test_the_header_says_the_call_that_makes_it_again() -> None:
    said = call("render", "kine", "--servers", "3", "--ca-file", "/etc/my 'kine'/ca.crt", "--slow-sql", "1s")
    made = re.findall("^# Made by kinetune (.*?): (.*)$", said.out, re.MULTILINE)[0]
    assert made[0] == __version__
    words = shlex.split(made[1])
    assert words[:2] == ["kinetune", "render"]
    assert "--slow-sql" not in words  # the default
    assert call(*words[1:]).out == said.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["frobnicate"], "'frobnicate' is not a kind of file to render; use one of yugabyted, compose"),
        (["yugabyted", "--nodes", "1", "--rf", "3"], "1 node cannot hold 3 copies; use --nodes 3 or --rf 1"),
        (["yugabyted", "--nodes", "2", "--rf", "3"], "2 nodes cannot hold 3 copies; use --nodes 3"),
        (["topology", "--placement", "a.b.c", "--placement", "a.b.d"], "2 zones cannot hold 3 copies, one in each"),
        (["helm", "--placement", "a.b.c"], "helm has no option --placement; its options are --nodes"),
        (["app", "--nodes", "3"], "app has no option --nodes; its options are none"),
        (["kine", "--endpoint", "postgres://kine:tr0ub4dor@db/k"], "--endpoint contains a password"),
        (["kine", "--ca-file", "/a\nb"], "--ca-file is empty or contains a control character"),
        (["kine", "--listen", "0.0.0.0:2379"], "--listen is not a loopback address"),
        (["kine", "--pool", "x"], "'--pool': 'x' is not a valid int"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(arguments: list[str], told: str) -> None:
    said = call("render", *arguments)
    assert (said.status, said.out) == (Exit.USAGE, "")
    assert told in said.line
    assert "tr0ub4dor" not in said.line


def test_a_folder_that_holds_files_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "kine.env").write_text("mine\n")
    said = call("render", "kine", "-o", tmp_path)
    assert said.status == Exit.REFUSED
    assert (
        f"{tmp_path} holds files; kine.env would be replaced; name another folder, or allow it with --force" in said.err
    )
    assert [path.name for path in tmp_path.iterdir()] == ["kine.env"]
    assert (tmp_path / "kine.env").read_text() == "mine\n"


def test_force_replaces_what_has_the_same_name_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "kine.env").write_text("mine\n")
    (tmp_path / "notes").write_text("mine\n")
    assert call("render", "kine", "-o", tmp_path, "--force").status == Exit.CLEAN
    assert "KINE_ENDPOINT" in (tmp_path / "kine.env").read_text()
    assert (tmp_path / "notes").read_text() == "mine\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kine-docker.sh", "kine.env", "kine.service", "notes"]


@pytest.mark.parametrize(("answer", "status"), [("y", Exit.CLEAN), ("n", Exit.REFUSED)])
def test_on_a_terminal_it_asks(answer: str, status: Exit, tmp_path: Path) -> None:
    (tmp_path / "kine.env").write_text("mine\n")
    with terminal("render", "kine", "-o", tmp_path) as screen:
        screen.until("Write 3 files into it? [y/N]")
        screen.type(f"{answer}\n")
        assert screen.end() == status
    assert ((tmp_path / "kine.env").read_text() == "mine\n") == (answer == "n")


def test_what_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    """The last of the files meets a folder of its name: those before it are not there either, nor are drafts."""
    (tmp_path / "kine-docker.sh").mkdir()
    said = call("render", "kine", "-o", tmp_path, "--force")
    assert said.status == Exit.USAGE
    assert "is a folder" in said.line
    assert [path.name for path in tmp_path.iterdir()] == ["kine-docker.sh"]


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nowhere"])
def test_a_place_that_is_no_folder_is_said(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = call("render", "kine", "-o", tmp_path / place)
    assert said.status == Exit.USAGE
    assert said.line


def test_releases_are_taken_as_elsewhere_and_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text('k3s = "1.33.4"\nkine = "v0.14.16"\n\n[render]\nservers = 3\n')
    said = call("render", "k3s", "-o", tmp_path / "k3s", folder=tmp_path)
    assert said.status == Exit.CLEAN
    assert "INSTALL_K3S_VERSION=v1.33.4+k3s1" in (tmp_path / "k3s" / "install.sh").read_text()
    assert (tmp_path / "k3s" / "server-3.yaml").exists()
    assert "kinetune render k3s --k3s v1.33.4+k3s1 --servers 3" in (tmp_path / "k3s" / "server-1.yaml").read_text()
    assert call("render", "app", folder=tmp_path).status == Exit.CLEAN  # reads none of them


def test_the_environment_sets_options_but_not_the_endpoint() -> None:
    """KINETUNE_ENDPOINT is how this machine reaches the store, and may hold a password."""
    given = {"KINETUNE_NODES": "1", "KINETUNE_ENDPOINT": "postgres://kine:tr0ub4dor@db/k"}
    assert "kinetune render yugabyted --nodes 1\n" in call("render", "yugabyted", folder=Path("/"), **given).out
    said = call("render", "kine", folder=Path("/"), **given)
    assert said.status == Exit.CLEAN
    assert "tr0ub4dor" not in said.out + said.err


@pytest.mark.parametrize(
    ("arguments", "warned"),
    [
        (["kine", "--kine", "v0.17.5"], "Kine v0.17.5"),
        (["compose", "--kine", "0.16.6"], "Kine v0.16.6"),
        (["kine"], ""),
        (["k3s"], ""),
        (["k3s", "--k3s", "v1.99.0"], ""),
    ],
)
def test_a_release_that_loses_objects_is_warned_of(arguments: list[str], warned: str) -> None:
    said = call("render", *arguments)
    assert said.status == Exit.CLEAN
    assert said.err == (f"warning: {warned} acknowledges creates that failed: kinetune rule KT601\n" if warned else "")


def test_a_closed_pipe_is_quiet() -> None:
    words = shlex.join([*PROGRAM, "render", "topology"])
    script = f"{words} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], env=environment({"PYTHONPATH": str(ROOT)}), capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "# ---- topology.md ----\n"


@pytest.mark.parametrize("name", ["topology", "compose"])
def test_rendering_takes_less_than_300_ms_of_processor_time(name: str) -> None:
    """The best of three: others use this machine too."""
    best = min(spent(name) for _ in range(3))
    assert best < 0.3, best


def spent(name: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-c", "from kinetune.cli.main import main; main()", "render", name]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd="/")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def told() -> list[str]:
    """Every line of the rendered files that calls kinetune."""
    found = set()
    for kind in KINDS:
        for file in render_files(kind, RenderValues()):
            for line in file.text.replace("\\\n", " ").splitlines():
                if (
                    at := re.search(
                        r"(?:^|[ \"#`])(kinetune (?:init|render|check|explain|hotspots|rule) ?[^`\"]*)", line
                    )
                ) and ("Made by" not in line):
                    found.add(re.split(r" +# | > |[;)]", at[1])[0].strip())
    return sorted(found)


@pytest.mark.parametrize("line", told())
def test_every_kinetune_call_that_the_files_tell_of_can_be_made(line: str) -> None:
    """It is parsed, not run: the words after a call in a sentence are left out."""
    words = shlex.split(line.replace("postgres://yugabyte@127.0.0.1:5433/kubernetes", "URL"))
    group = typer.main.get_command(app)
    command = group.commands[words[1]]  # type: ignore[attr-defined]
    given = [word for word in words[2:] if word.startswith("--")]
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in given} <= known
    if words[1] == "render" and len(words) > 2:
        assert words[2] in NAMES
