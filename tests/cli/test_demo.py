"""The demo from argv to the last file: what it says, what it writes, and that nothing else is left."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kinetune.commands.demo import Demo
from kinetune.model.server import Flavour, Server
from kinetune.model.workload import Explained
from kinetune.plans.compare import Comparison, Verdict
from kinetune.views.demo import summary
from kinetune.workload.store import Store
from tests.cli.call import separate, start
from tests.cluster import MissingServer, wheel_binaries
from tests.conftest import absent

STARTED = "start a private PostgreSQL:"
ENDS = [
    (signal.SIGINT, ""),
    (signal.SIGINT, STARTED),
    (signal.SIGINT, "rebuild the indexes"),
    (signal.SIGTERM, STARTED),
    (signal.SIGHUP, STARTED),
]
"""A signal, and the line after which it comes: none is right at the start."""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of its own for embedded servers: short enough for a socket, and open to the user who runs root's."""
    try:
        wheel_binaries()
    except MissingServer as missing:
        absent(str(missing))
    with tempfile.TemporaryDirectory(prefix="kt-demo-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def demo(
    home: Path, tmp_path: Path, *arguments: str, handling: signal.Handlers = signal.SIG_DFL
) -> subprocess.Popen[str]:
    words = ("demo", "--objects", "300", *arguments)
    return start(*words, folder=tmp_path, handling=handling, KINETUNE_EMBEDDED_HOME=str(home))


def left(home: Path) -> list[str]:
    """All but the copy of the programs that root's servers share."""
    return [path.name for path in home.iterdir() if not path.name.startswith(".programs")]


def processes(home: Path) -> str:
    found = subprocess.run(["pgrep", "-f", str(home)], capture_output=True, text=True, check=False)
    return found.stdout


def test_a_demo_compares_writes_its_report_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    running = demo(home, tmp_path)
    said, progress = running.communicate(timeout=120)
    assert running.returncode == 0, progress
    assert "schema stock" in said
    assert "schema tuned" in said
    assert "All indexes together" in said
    assert "1,502 revisions of 300 objects" in progress
    assert "report.html" in progress
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.index("In short") < page.index("schema stock")
    assert left(home) == []
    assert processes(home) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(("number", "after"), ENDS)
def test_an_interrupted_demo_leaves_nothing(home: Path, tmp_path: Path, number: int, after: str) -> None:
    """While the server starts, while the store is filled, and while queries are explained."""
    running = demo(home, tmp_path)
    assert running.stderr is not None
    if after:
        while after not in running.stderr.readline():
            assert running.poll() is None
    else:
        while not left(home):
            assert running.poll() is None
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert left(home) == []
    assert processes(home) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_demo_whose_caller_ignores_signals_goes_on(home: Path, tmp_path: Path) -> None:
    running = demo(home, tmp_path, handling=signal.SIG_IGN)
    assert running.stderr is not None
    while STARTED not in running.stderr.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    running.send_signal(signal.SIGHUP)
    _, progress = running.communicate(timeout=120)
    assert running.returncode == 0, progress
    assert left(home) == []


def test_a_failing_demo_leaves_nothing(home: Path, tmp_path: Path) -> None:
    running = demo(home, tmp_path, "--objects", "9000000000000000000")
    assert running.stderr is not None
    while "--profile stock:" not in running.stderr.readline():
        assert running.poll() is None
    (server,) = [path for path in home.iterdir() if (path / "postmaster.pid").exists()]
    os.kill(int((server / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    _, progress = running.communicate(timeout=60)
    assert running.returncode == 3, progress
    assert "Traceback" not in progress
    assert left(home) == []


def test_a_kept_server_is_named_and_can_be_removed(home: Path, tmp_path: Path) -> None:
    running = demo(home, tmp_path, "--keep", "--kine", "v0.14.16", "-o", "page.md")
    said, progress = running.communicate(timeout=120)
    name = f"demo-kept-{running.pid}"
    removed = separate("embedded", "remove", "--yes", name, KINETUNE_EMBEDDED_HOME=str(home))
    assert running.returncode == 0, progress
    assert "era v0.14.8" in said
    assert f"kinetune embedded remove --yes {name}" in progress
    assert removed.out == f"embedded:{name} is removed\n"
    assert (tmp_path / "page.md").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "report.pdf"], "report.pdf does not tell its format"),
        (["-o", "nowhere/report.html"], "cannot write nowhere/report.html"),
        (["--kine", "v0.14.0"], "not recorded"),
        (["--kine", "nonsense"], "no release of Kine"),
    ],
)
def test_a_demo_that_could_not_end_well_does_not_start(
    home: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    running = demo(home, tmp_path, *arguments)
    _, progress = running.communicate(timeout=60)
    assert running.returncode == 2
    assert words in progress
    assert progress.count("\n") == 1
    assert left(home) == []


def ran(index_bytes: int) -> Explained:
    server = Server(Flavour.POSTGRESQL, (18, 6), 18)
    return Explained(datetime.now(UTC), server, "kubernetes", "v0.17.3", "", 10, 10, index_bytes, "stock", ())


def words(sizes: tuple[int, int], *outcomes: tuple[Verdict, float]) -> str:
    """The summary of calls with these verdicts and ratios of work."""
    made = tuple(Comparison("list", "list pods", None, None, 2.0, work, verdict, ()) for verdict, work in outcomes)
    demo = Demo(Store(), ran(sizes[0]), ran(sizes[1]))
    return "\n".join(cell.text for cell in summary(demo, made))


def test_a_summary_claims_a_gain_only_for_less_work() -> None:
    assert "Less work: list pods." in words((100, 70), ("better", 0.4))
    assert "30% less" in words((100, 70))
    clock_only = words((100, 100), ("better", 1.0), ("worse", 0.5))
    assert "does less work than before" in clock_only
    assert "Only the clock tells a difference" in clock_only
    assert "less." not in clock_only


def test_a_summary_tells_of_losses_and_of_what_was_not_measured() -> None:
    told = words((100, 130), ("worse", 2.0), ("same", 1.0))
    assert "30% more" in told
    assert "More work: list pods." in told
    assert "WAL to create an object: not measured." in told
    assert "1 of 2 calls cost about the same." in told
