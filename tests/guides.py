"""The commands of a page below docs/guides, executed as written: what a user does, on servers of the test."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.call import ROOT, CallResult, call, start_process, wait_for_exit
from tests.k3s import K3sServer
from tests.kine.process import Kine

GUIDES = ROOT / "docs" / "guides" / "move"
TARGET = "postgres://kine@db.example/kubernetes"
OLD = "postgres://kine@old.example/kubernetes"
HEALTH = "/registry/health"
"""Kine writes it at each start."""
SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass
class GuideRun:
    """
    `places` replaces texts of the page by those of the test (paths, endpoints), `actions` has commands that start and
    stop the test's servers. kinetune runs in this process; any other line runs in a shell, in `folder`.
    """

    page: str
    folder: Path
    places: dict[str, str] = field(default_factory=dict)
    actions: dict[str, Callable[[], object]] = field(default_factory=dict)
    calls: list[CallResult] = field(default_factory=list)

    @classmethod
    def of_k3s(cls, page: str, k3s: K3sServer, target: str, old: str = "") -> GuideRun:
        """The page on this server, from and to these databases."""
        places = {
            "/var/lib/rancher/k3s": str(k3s.data),
            "/etc/rancher/k3s/config.yaml": str(k3s.config),
            TARGET: target,
            OLD: old,
            f"{OLD}_2": f"{old}_2",
        }
        actions: dict[str, Callable[[], object]] = {
            "systemctl stop k3s": k3s.stop,
            "systemctl start k3s": k3s.start,
            "k3s kubectl get --raw /readyz": lambda: k3s.kubectl("get", "--raw", "/readyz"),
        }
        return cls(page, k3s.folder, places, actions)

    def lines(self, section: str) -> Iterator[str]:
        """The commands of the section whose heading begins so; a backslash joins lines."""
        title, text = next(one for one in self._sections() if one[0].startswith(section))
        blocks = BLOCK.findall(text)
        assert blocks, f"{self.page}: no commands below {title}"
        for block in blocks:
            yield from block.replace("\\\n", " ").splitlines()

    def run(self, *sections: str) -> None:
        """All commands of these sections in their order; each must succeed."""
        for section in sections:
            for line in self.lines(section):
                self.execute(line)

    def execute(self, line: str) -> None:
        if action := self.actions.get(line):
            action()
            return
        words = self.words(line)
        if words[0] == "kinetune":
            result = call(*words[1:], folder=self.folder)
            assert result.status == 0, (line, result)
            self.calls.append(result)
            return
        assert words[0] != "systemctl", f"{self.page}: the test does not know {line!r}"
        subprocess.run(["bash", "-euc", self.replace(line)], cwd=self.folder, check=True, stdin=subprocess.DEVNULL)

    def words(self, line: str) -> list[str]:
        """The arguments of a command on the places of the test."""
        return shlex.split(self.replace(line))

    def replace(self, line: str) -> str:
        # The longest first: one endpoint may be the beginning of another.
        for text in sorted(self.places, key=len, reverse=True):
            line = line.replace(text, self.places[text])
        return line

    def _sections(self) -> Iterator[tuple[str, str]]:
        _, *parts = SECTION.split((GUIDES / self.page).read_text(encoding="utf-8"))
        yield from zip(parts[::2], parts[1::2], strict=True)

    def run_following(self, section: str) -> CallResult:
        """`move --follow` in a process of its own; when it asks for it, the second command, which stops the source."""
        move, stop = self.lines(section)
        process = start_process(*self.words(move)[1:], folder=self.folder)
        assert process.stderr is not None
        while "the target has caught up" not in (line := process.stderr.readline()):
            assert line, process.communicate()
        self.execute(stop)
        result = wait_for_exit(process, 120)
        assert result.status == 0, result
        return result


@dataclass
class KineService:
    """What `systemctl` starts and stops: a Kine on the endpoint that its environment file names."""

    file: Path
    endpoint: str
    tag: str = "v0.17.5"
    running: Kine | None = None

    def __post_init__(self) -> None:
        self.file.write_text(f'KINE_ENDPOINT="{self.endpoint}"\n', encoding="utf-8")

    @property
    def actions(self) -> dict[str, Callable[[], object]]:
        return {
            "systemctl start kine": self.start,
            "systemctl stop kine": self.stop,
            "systemctl disable --now kine": self.stop,
        }

    def start(self) -> Kine:
        (endpoint,) = re.findall(r'^KINE_ENDPOINT="(.*)"$', self.file.read_text(encoding="utf-8"), re.MULTILINE)
        self.running = Kine(self.tag, endpoint)
        self.running.start()
        return self.running

    def stop(self) -> None:
        if self.running is not None:
            self.running.__exit__(None, None, None)
            self.running = None

    def read_revisions(self) -> dict[str, tuple[int, int, bytes]]:
        """Of each key its newest revision, that of its create, and its value; without the key of Kine itself."""
        assert self.running is not None
        with self.running.client() as etcd:
            found = etcd.list("/registry/").objects
        return {kv.key: (kv.revision, kv.created, kv.value) for kv in found if kv.key != HEALTH}
