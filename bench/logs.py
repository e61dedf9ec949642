"""
How fast `kinetune hotspots` reads logs, and in how much memory, as issue 6 asks for it; beside pgbadger on a server's.

`python -m bench.logs --megabytes 100` takes smaller ones.
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

from bench.budgets import Used, used
from bench.ground import Ground
from bench.made_logs import k3s_lines, made, postgresql_lines
from bench.say import say
from kinetune.model.failure import Exit
from kinetune.model.report import Cell, Report, Table, Tone
from kinetune.reports.table import write

K3S_MB, SERVER_MB = 1000, 200
AROUND = 2
"""How often our own run is measured before pgbadger's, and after it: other work on the machine comes and goes."""


@dataclass(frozen=True)
class Figure:
    """`at_least` or `at_most` is what issue 6 wants; neither: a number to know."""

    what: str
    unit: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def missed(self) -> bool:
        low, high = self.at_least, self.at_most
        return (low is not None and self.measured < low) or (high is not None and self.measured > high)


def kine(folder: Path, megabytes: int) -> list[Figure]:
    """On one core and on all; speed by processor time, which other work on the machine does not change."""
    log = made(folder / "k3s.log", megabytes, k3s_lines)
    size = log.stat().st_size / 1e6
    say(f"K3s log of {size:,.0f} MB")
    one = used("hotspots", str(log), "--jobs", "1")
    jobs = os.cpu_count() or 1
    many = used("hotspots", str(log), "--jobs", str(jobs))
    log.unlink()
    what = f"K3s log, {size:,.0f} MB"
    return [
        Figure(f"{what}: by a core", "MB/s", size / one.cpu, at_least=100 if megabytes >= K3S_MB else None),
        Figure(f"{what}: peak memory", "MB", one.megabytes, at_most=150),
        Figure(f"{what}: --jobs {jobs}, against one", "times", one.wall / many.wall),
        Figure(f"{what}: --jobs {jobs}, peak memory of each", "MB", many.megabytes, at_most=150),
    ]


def server(folder: Path, megabytes: int) -> list[Figure]:
    """Each program as it is called without a word on processes: pgbadger takes one, hotspots one a core."""
    log = made(folder / "postgresql.log", megabytes, postgresql_lines)
    size = log.stat().st_size / 1e6
    say(f"PostgreSQL log of {size:,.0f} MB")
    called, alone = ("hotspots", str(log), "--top", "20"), ("hotspots", str(log), "--top", "20", "--jobs", "1")
    ours, shared = [used(*alone) for _ in range(AROUND)], [used(*called) for _ in range(AROUND)]
    theirs = _pgbadger(log, folder)
    ours += [used(*alone) for _ in range(AROUND)]
    shared += [used(*called) for _ in range(AROUND)]
    log.unlink()
    wall, cpu = median(one.wall for one in ours), median(one.cpu for one in ours)
    what = f"PostgreSQL log, {size:,.0f} MB"
    figures = [
        Figure(f"{what}: by a core", "MB/s", size / cpu),
        Figure(f"{what}: peak memory", "MB", max(one.megabytes for one in ours), at_most=150),
    ]
    if theirs:
        together = median(one.wall for one in shared)
        wanted = 20 if megabytes >= SERVER_MB else None
        figures += [
            Figure(f"{what}: pgbadger by a core", "MB/s", size / theirs.cpu),
            Figure(f"{what}: pgbadger takes as long", "times", theirs.wall / together, wanted),
            Figure(f"{what}: … as one process of ours", "times", theirs.wall / wall),
            Figure(f"{what}: pgbadger takes of the processor", "times", theirs.cpu / cpu),
        ]
    return figures


def _pgbadger(log: Path, folder: Path) -> Used | None:
    """Its own list of the twenty heaviest, by one process; None where it is not installed."""
    program = shutil.which("pgbadger")
    if program is None:
        say("pgbadger is not installed: apt-get install pgbadger")
        return None
    form = ["-p", "%m [%p] %q%u@%d ", "-f", "stderr", "-q", "-j", "1", "-x", "text", "-t", "20"]
    began = time.perf_counter()
    process = subprocess.Popen([program, *form, "-o", str(folder / "badger.txt"), str(log)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"pgbadger failed: {process.returncode}")
    return Used(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def run(_ground: Ground | None, _rows: int, megabytes: int = K3S_MB) -> Report:
    """Both logs; PostgreSQL's has a fifth of the size."""
    with tempfile.TemporaryDirectory(prefix="kinetune-logs-") as folder:
        figures = kine(Path(folder), megabytes) + server(Path(folder), megabytes * SERVER_MB // K3S_MB)
    columns = ("what", "measured", "wanted", "verdict")
    table = Table(columns, tuple(map(_row, figures)), frozenset(columns[1:3]), "what")
    data = [vars(one) | {"missed": one.missed} for one in figures]
    return Report("bench logs", "Logs", (table,), {"figures": data, "missed": any(one.missed for one in figures)})


def _row(one: Figure) -> tuple[Cell, ...]:
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
    write(report, "text", sys.stdout)
    return Exit.MISSED if report.data["missed"] else Exit.CLEAN


if __name__ == "__main__":
    sys.exit(main())
