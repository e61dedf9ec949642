"""
The speed and memory of `kinetune hotspots` on logs: on a log of K3s compared with a loop over its lines, on a log of
PostgreSQL with pgbadger.

`python -m bench.logs --megabytes 100` uses smaller logs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.bench_server import BenchServer
from bench.budgets import ResourceUse, installed_environment, measure_use
from bench.log_generator import generated_log, k3s_lines, postgresql_lines
from bench.progress import print_progress
from kinetune.model.failure import Exit
from kinetune.model.report import Cell, Report, Table, Tone
from kinetune.reports.formats import write_report

K3S_MB, SERVER_MB = 1000, 200
ROUNDS = 3
"""Runs of each program, in turn. The best one of each counts, because other work on the machine only adds time."""
BARE_LOOP = "for line in open(sys.argv[1], 'rb'): pass"
TESTING_LOOP = "for line in open(sys.argv[1], 'rb'): b'Slow SQL' in line"
"""The least that a script does which reads a log line by line: nothing, and the search for slow calls alone."""
SEARCHES = """
from kinetune.kine.signals import MARKERS
from kinetune.logs.marker_search import search_markers
find = search_markers((b'Slow SQL', b'duration: ', *MARKERS)).find
file = open(sys.argv[1], 'rb')
while block := file.read(1 << 20):
    find(block, 0, len(block)), block.count(b'\\n')
"""
"""The least that hotspots does, whatever a line with a marker says: search the markers, and count the lines."""


@dataclass(frozen=True)
class LogMeasurement:
    """A measured number with its limit, `at_least` or `at_most`. With neither it is only reported."""

    what: str
    unit: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def missed(self) -> bool:
        low, high = self.at_least, self.at_most
        return (low is not None and self.measured < low) or (high is not None and self.measured > high)


def measure_kine_log(folder: Path, megabytes: int) -> list[LogMeasurement]:
    """On one core and on all; speed by processor time, which other work on the machine changes less."""
    log = generated_log(folder / "k3s.log", megabytes, k3s_lines)
    size, large = log.stat().st_size / 1e6, megabytes >= K3S_MB
    print_progress(f"K3s log of {size:,.0f} MB")
    jobs = os.cpu_count() or 1
    one, many, bare, testing, searches = _best_of_rounds(
        lambda: measure_use("hotspots", str(log), "--jobs", "1"),
        lambda: measure_use("hotspots", str(log), "--jobs", str(jobs)),
        lambda: _run_loop(BARE_LOOP, log),
        lambda: _run_loop(TESTING_LOOP, log),
        lambda: _run_loop(SEARCHES, log),
    )
    log.unlink()
    what = f"K3s log, {size:,.0f} MB"
    return [
        LogMeasurement(f"{what}: by a core", "MB/s", size / one.cpu, at_least=100 if large else None),
        LogMeasurement(
            f"{what}: time of a bare loop over its lines", "times", one.cpu / bare.cpu, at_most=3 if large else None
        ),
        LogMeasurement(f"{what}: of that, to search markers and count lines", "times", searches.cpu / bare.cpu),
        LogMeasurement(f"{what}: time of a loop that searches each line for Slow SQL", "times", one.cpu / testing.cpu),
        LogMeasurement(f"{what}: peak memory", "MB", one.megabytes, at_most=150),
        LogMeasurement(f"{what}: --jobs {jobs}, against one", "times", one.wall / many.wall),
        LogMeasurement(f"{what}: --jobs {jobs}, peak memory of each", "MB", many.megabytes, at_most=150),
    ]


def measure_server_log(folder: Path, megabytes: int) -> list[LogMeasurement]:
    """pgbadger and hotspots with one process each, and hotspots with its default, one process for each core."""
    log = generated_log(folder / "postgresql.log", megabytes, postgresql_lines)
    size = log.stat().st_size / 1e6
    print_progress(f"PostgreSQL log of {size:,.0f} MB")
    called = ("hotspots", str(log), "--top", "20")
    one, many = _best_of_rounds(lambda: measure_use(*called, "--jobs", "1"), lambda: measure_use(*called))
    theirs = _pgbadger(log, folder)
    if theirs:  # a run takes as long as 20 of ours, so it is between two of them
        again = _best_of_rounds(lambda: measure_use(*called, "--jobs", "1"), lambda: measure_use(*called))
        one, many = _best((one, again[0])), _best((many, again[1]))
    log.unlink()
    what = f"PostgreSQL log, {size:,.0f} MB"
    figures = [
        LogMeasurement(f"{what}: by a core", "MB/s", size / one.cpu),
        LogMeasurement(f"{what}: peak memory", "MB", one.megabytes, at_most=150),
    ]
    if theirs:
        wanted = 20 if megabytes >= SERVER_MB else None
        figures += [
            LogMeasurement(f"{what}: pgbadger by a core", "MB/s", size / theirs.cpu),
            LogMeasurement(f"{what}: time of pgbadger, one process of each", "times", theirs.cpu / one.cpu, wanted),
            LogMeasurement(f"{what}: time of pgbadger, hotspots in parallel", "times", theirs.wall / many.wall),
        ]
    return figures


def _best_of_rounds(*programs: Callable[[], ResourceUse]) -> list[ResourceUse]:
    """The best run of each program; they run in turn, because the load of the machine changes."""
    return [_best(runs) for runs in zip(*([run() for run in programs] for _ in range(ROUNDS)), strict=True)]


def _best(runs: Iterable[ResourceUse]) -> ResourceUse:
    """The least time and processor time of the runs, and the most memory."""
    walls, cpus, megabytes = zip(*((run.wall, run.cpu, run.megabytes) for run in runs), strict=True)
    return ResourceUse(min(walls), min(cpus), max(megabytes))


def _run_loop(code: str, log: Path) -> ResourceUse:
    return _run_program(sys.executable, "-c", f"import sys\n{code}", str(log))


def _pgbadger(log: Path, folder: Path) -> ResourceUse | None:
    """pgbadger's list of the 20 heaviest queries, with one process; None if it is not installed."""
    program = shutil.which("pgbadger")
    if program is None:
        print_progress("pgbadger is not installed: apt-get install pgbadger")
        return None
    form = ("-p", "%m [%p] %q%u@%d ", "-f", "stderr", "-q", "-j", "1", "-x", "text", "-t", "20")
    return _run_program(program, *form, "-o", str(folder / "badger.txt"), str(log))


def _run_program(*command: str) -> ResourceUse:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=installed_environment())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {process.returncode}")
    return ResourceUse(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def run(_bench_server: BenchServer | None, _rows: int, megabytes: int = K3S_MB) -> Report:
    """Both logs. That of PostgreSQL has a fifth of the size."""
    with tempfile.TemporaryDirectory(prefix="kinetune-logs-") as folder:
        figures = measure_kine_log(Path(folder), megabytes) + measure_server_log(
            Path(folder), megabytes * SERVER_MB // K3S_MB
        )
    columns = ("what", "measured", "wanted", "verdict")
    table = Table(columns, tuple(map(_row, figures)), frozenset(columns[1:3]), "what")
    data = [vars(one) | {"missed": one.missed} for one in figures]
    return Report("bench logs", "Logs", (table,), {"figures": data, "missed": any(one.missed for one in figures)})


def _row(one: LogMeasurement) -> tuple[Cell, ...]:
    wanted = (
        f"≥ {one.at_least:g} {one.unit}" if one.at_least else f"≤ {one.at_most:g} {one.unit}" if one.at_most else "–"
    )
    verdict = Cell("–", Tone.DIM) if wanted == "–" else Cell("PASS", Tone.GOOD)
    if one.missed:
        verdict = Cell("MISSED", Tone.BAD)
    return Cell(one.what), Cell(f"{one.measured:,.1f} {one.unit}"), Cell(wanted), verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.logs")
    parser.add_argument("--megabytes", type=int, default=K3S_MB, help="of the K3s log; PostgreSQL's is a fifth")
    report = run(None, 0, parser.parse_args().megabytes)
    write_report(report, "text", sys.stdout)
    return Exit.MISSED if report.data["missed"] else Exit.CLEAN


if __name__ == "__main__":
    sys.exit(main())
