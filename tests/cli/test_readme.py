"""Commands in README are executed as written, and those of every page exist with their options."""

from __future__ import annotations

import gzip
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from kinetune.cli.main import app
from tests.cli.call import ROOT, call, terminal
from tests.cli.slow_log import slow_log

README = ROOT / "README.md"
PAGES = sorted({README, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")})
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_HERE = {
    "kinetune --install-completion": "changes the start-up file of your shell",
    "kinetune hotspots --journal k3s": "needs a journal with K3s; tests/cli/test_hotspots.py plays journalctl",
    'kinetune hotspots --endpoint "$KINETUNE_ENDPOINT" --interval 10s --explain 3': "needs pg_stat_statements;"
    " tests/cli/test_hotspots_since.py has it",
    'kinetune move sqlite:/var/lib/rancher/k3s/server/db/state.db "$KINETUNE_ENDPOINT"': "tests/kine/test_move_k3s.py",
    "kinetune init yugabytedb://yugabyte@127.0.0.1:5433/kubernetes": "tests/yugabytedb/test_apart.py, on a cluster",
    "kinetune check --probe yugabytedb://yugabyte@127.0.0.1:5433/kubernetes": "tests/yugabytedb, on a cluster",
}
"""Why a command of README is executed elsewhere."""


@dataclass(frozen=True)
class Command:
    """A line of a page: `text` without its comment."""

    page: Path
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text}"


def commands(page: Path) -> Iterator[Command]:
    """Calls of kinetune in the page's sh blocks; a backslash joins lines."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("kinetune "):
                yield Command(page, re.sub(r"\s+#.*", "", line).strip())


@pytest.mark.parametrize("command", [one for page in PAGES for one in commands(page)], ids=str)
def test_commands_of_the_pages_exist_with_their_options(command: Command) -> None:
    program = typer.main.get_command(app)
    words = shlex.split(command.text.partition(" > ")[0])[1:]
    while words and words[0] in (below := getattr(program, "commands", {})):
        program = below[words.pop(0)]
    known = {name for one in program.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in known, word


def test_the_commands_of_readme_in_their_order(store: str, tmp_path: Path) -> None:
    """On a stock store in use on PostgreSQL; `kinetune init` asks, and gets its yes."""
    (tmp_path / "k3s.log.gz").write_bytes(gzip.compress(slow_log(tmp_path).read_bytes()))
    executed = 0
    for command in commands(README):
        if command.text in NOT_HERE:
            continue
        text = command.text.replace("/var/log/k3s*.log.gz", f"{tmp_path}/k3s*.log.gz")
        words = shlex.split(text.replace("$KINETUNE_ENDPOINT", store))[1:]
        if words == ["init"]:
            with terminal("init", KINETUNE_ENDPOINT=store) as screen:
                screen.until("[y/N]")
                screen.type("y\n")
                assert screen.end() == 0, screen.screen
        else:
            result = call(*words, folder=tmp_path, KINETUNE_ENDPOINT=store)
            assert result.status in (0, 1), (command, result)
        executed += 1
    assert executed >= 6
    assert "<html" in (tmp_path / "hotspots.html").read_text(encoding="utf-8")


def test_what_is_executed_elsewhere_is_in_readme() -> None:
    assert {one.text for one in commands(README)} >= set(NOT_HERE)


def test_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200
