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

from kinetune.model.server import Flavour, Server
from kinetune.model.workload import ExplainRun
from kinetune.plans.compare import CallComparison, RunComparison, Trend
from kinetune.views.demo import summarise
from tests.cli.call import call_in_process, start_process
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
    return start_process(*words, folder=tmp_path, handling=handling, KINETUNE_EMBEDDED_HOME=str(home))


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
    assert page.index("Summary") < page.index("schema stock")
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
    removed = call_in_process("embedded", "remove", "--yes", name, KINETUNE_EMBEDDED_HOME=str(home))
    assert running.returncode == 0, progress
    assert "era v0.14.8" in said
    assert f"kinetune embedded remove --yes {name}" in progress
    assert removed.out == f"embedded:{name} is removed\n"
    assert (tmp_path / "page.md").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "report.pdf"], "cannot select a format for report.pdf: unknown extension"),
        (["-o", "nowhere/report.html"], "cannot write nowhere/report.html"),
        (["--kine", "v0.14.0"], "not recorded"),
        (["--kine", "nonsense"], "is not a release of Kine"),
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


def ran(index_bytes: int) -> ExplainRun:
    server = Server(Flavour.POSTGRESQL, (18, 6), 18)
    return ExplainRun(datetime.now(UTC), server, "kubernetes", "v0.17.3", "", 10, 10, index_bytes, "stock", ())


def words(sizes: tuple[int, int], *outcomes: tuple[Trend, float]) -> str:
    """The summary of calls with these trends and ratios of work."""
    made = tuple(CallComparison("list", "list pods", None, None, 2.0, work, trend, ()) for trend, work in outcomes)
    return "\n".join(cell.text for cell in summarise(RunComparison(ran(sizes[0]), ran(sizes[1]), made)))


def test_a_summary_claims_a_gain_only_for_less_work() -> None:
    assert "Less work: list pods." in words((100, 70), ("better", 0.4))
    assert "30 % less" in words((100, 70))
    time_only = words((100, 100), ("better", 1.0), ("worse", 0.5))
    assert "does less work than before" in time_only
    assert "Only the time differs" in time_only
    assert "less." not in time_only


def test_a_summary_tells_of_losses_and_of_what_was_not_measured() -> None:
    summary = words((100, 130), ("worse", 2.0), ("same", 1.0))
    assert "30 % more" in summary
    assert "More work: list pods." in summary
    assert "WAL to create an object: not measured." in summary
    assert "1 of 2 calls cost about the same." in summary
