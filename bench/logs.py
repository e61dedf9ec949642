"""
The speed and memory of `kinetune hotspots` on logs, on a log of PostgreSQL compared with pgbadger.

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
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.bench_server import BenchServer
from bench.budgets import ResourceUse, measure_use
from bench.log_generator import generated_log, k3s_lines, postgresql_lines
from bench.progress import print_progress
from kinetune.model.failure import Exit
from kinetune.model.report import Cell, Report, Table, Tone
from kinetune.reports.formats import write_report

K3S_MB, SERVER_MB = 1000, 200
AROUND = 2
"""Runs of hotspots before and after that of pgbadger, because the load of the machine changes."""


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
    """On one core and on all; speed by processor time, which other work on the machine does not change."""
    log = generated_log(folder / "k3s.log", megabytes, k3s_lines)
    size = log.stat().st_size / 1e6
    print_progress(f"K3s log of {size:,.0f} MB")
    one = measure_use("hotspots", str(log), "--jobs", "1")
    jobs = os.cpu_count() or 1
    many = measure_use("hotspots", str(log), "--jobs", str(jobs))
    log.unlink()
    what = f"K3s log, {size:,.0f} MB"
    return [
        LogMeasurement(f"{what}: by a core", "MB/s", size / one.cpu, at_least=100 if megabytes >= K3S_MB else None),
        LogMeasurement(f"{what}: peak memory", "MB", one.megabytes, at_most=150),
        LogMeasurement(f"{what}: --jobs {jobs}, against one", "times", one.wall / many.wall),
        LogMeasurement(f"{what}: --jobs {jobs}, peak memory of each", "MB", many.megabytes, at_most=150),
    ]


def measure_server_log(folder: Path, megabytes: int) -> list[LogMeasurement]:
    """Both programs with their default number of processes: pgbadger uses one, hotspots one per core."""
    log = generated_log(folder / "postgresql.log", megabytes, postgresql_lines)
    size = log.stat().st_size / 1e6
    print_progress(f"PostgreSQL log of {size:,.0f} MB")
    called, alone = ("hotspots", str(log), "--top", "20"), ("hotspots", str(log), "--top", "20", "--jobs", "1")
    ours, shared = [measure_use(*alone) for _ in range(AROUND)], [measure_use(*called) for _ in range(AROUND)]
    theirs = _pgbadger(log, folder)
    ours += [measure_use(*alone) for _ in range(AROUND)]
    shared += [measure_use(*called) for _ in range(AROUND)]
    log.unlink()
    wall, cpu = median(one.wall for one in ours), median(one.cpu for one in ours)
    what = f"PostgreSQL log, {size:,.0f} MB"
    figures = [
        LogMeasurement(f"{what}: by a core", "MB/s", size / cpu),
        LogMeasurement(f"{what}: peak memory", "MB", max(one.megabytes for one in ours), at_most=150),
    ]
    if theirs:
        together = median(one.wall for one in shared)
        wanted = 20 if megabytes >= SERVER_MB else None
        figures += [
            LogMeasurement(f"{what}: pgbadger by a core", "MB/s", size / theirs.cpu),
            LogMeasurement(f"{what}: pgbadger takes as long", "times", theirs.wall / together, wanted),
            LogMeasurement(f"{what}: … as one process of ours", "times", theirs.wall / wall),
            LogMeasurement(f"{what}: pgbadger takes of the processor", "times", theirs.cpu / cpu),
        ]
    return figures


def _pgbadger(log: Path, folder: Path) -> ResourceUse | None:
    """pgbadger's list of the 20 heaviest queries, with one process; None if it is not installed."""
    program = shutil.which("pgbadger")
    if program is None:
        print_progress("pgbadger is not installed: apt-get install pgbadger")
        return None
    form = ["-p", "%m [%p] %q%u@%d ", "-f", "stderr", "-q", "-j", "1", "-x", "text", "-t", "20"]
    began = time.perf_counter()
    process = subprocess.Popen([program, *form, "-o", str(folder / "badger.txt"), str(log)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"pgbadger failed: {process.returncode}")
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
