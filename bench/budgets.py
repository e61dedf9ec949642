"""Budgets of time and memory for the program itself, measured from outside, as a user's shell would."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import psycopg

from bench.bench_server import BenchServer
from bench.progress import print_progress
from kinetune.model.report import Cell, Report, Table, Tone

TIMES = 5
LARGE = 1_000_000
"""The number of rows for which the budgets of `explain` and `init` are defined."""
KINETUNE = [sys.executable, "-c", "from kinetune.cli.main import main; main()"]
_BYTECODE = tempfile.TemporaryDirectory(prefix="kinetune-bytecode-")


@dataclass(frozen=True)
class ResourceUse:
    """Of one process of kinetune: elapsed seconds, CPU seconds, peak memory in MB (10^6 bytes)."""

    wall: float
    cpu: float
    megabytes: float


@dataclass(frozen=True)
class Budget:
    """A measured number and its limit. Without a limit (None) it is only reported."""

    what: str
    unit: str
    measured: float
    limit: float | None = None

    @property
    def missed(self) -> bool:
        return self.limit is not None and self.measured > self.limit


def installed_environment() -> dict[str, str]:
    """
    The environment in which a checkout starts like an installed package, whose bytecode pip has written: 70 ms faster
    than where PYTHONDONTWRITEBYTECODE is set, as in many containers. The first start writes it.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": _BYTECODE.name}


def measure_use(*arguments: str) -> ResourceUse:
    """Run kinetune once. Child processes would be included, but these commands start none."""
    command, environment = [*KINETUNE, *arguments], installed_environment()
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as process:
        errors = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"kinetune {' '.join(arguments)}: {errors.decode()}")
    return ResourceUse(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def run_init(bench_server: BenchServer, rows: int) -> Report:
    """`kinetune init --yes` on a store with stock schema, and explain's own time and memory on the same store."""
    with bench_server.clone_store(bench_server.filled(rows)) as store:
        dsn = bench_server.dsn(store)
        print_progress(f"explain --writes on {rows:,} rows")
        looked = measure_use("explain", dsn, "--kine", "v0.17.5", "--timeout", "60")
        wrote = measure_use("explain", dsn, "--kine", "v0.17.5", "--writes")
        print_progress(f"init on {rows:,} rows")
        tuned = measure_use("init", "--yes", dsn)
        again = measure_use("init", "--yes", dsn)
    large = rows >= LARGE
    budgets = [
        Budget("explain, all reads", "s", looked.wall, 60 if large else None),
        Budget("explain, peak memory", "MB", looked.megabytes, 200 if large else None),
        Budget("explain --writes", "s", wrote.wall, 60 if large else None),
        Budget("explain --writes, peak memory", "MB", wrote.megabytes, 200 if large else None),
        Budget("init, stock to tuned", "s", tuned.wall),
        Budget("init, nothing to be done", "s", again.wall),
    ]
    return budget_report(f"The program on {rows:,} rows", budgets)


def run_start(bench_server: BenchServer, _rows: int) -> Report:
    """Small commands: medians of TIMES runs."""
    print_progress("small calls")
    empty = median(
        measure_use("init", "--yes", bench_server.dsn(bench_server.new_database())).wall for _ in range(TIMES)
    )
    prints = _cpu_seconds("init", "--print", "--server", "postgresql-16")
    budgets = [
        Budget("init, no database yet", "s", empty, 2),
        Budget("init, empty database", "s", _run_on_empty(bench_server), 2),
        Budget("init --print --server postgresql-16, CPU", "ms", prints, 250),
        Budget("--help, CPU", "ms", _cpu_seconds("--help"), 150),
        Budget("init --help, CPU", "ms", _cpu_seconds("init", "--help")),
    ]
    return budget_report("Small calls", budgets)


def _run_on_empty(bench_server: BenchServer) -> float:
    return median(_empty_store(bench_server, lambda dsn: measure_use("init", "--yes", dsn).wall) for _ in range(TIMES))


def _empty_store(bench_server: BenchServer, run: Callable[[str], float]) -> float:
    place = bench_server.new_database()
    with bench_server.admin() as admin:
        admin.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(place.database)))
    return run(bench_server.dsn(place))


def _cpu_seconds(*arguments: str) -> float:
    """CPU milliseconds of a command. The first run, which compiles the modules, is not counted."""
    measure_use(*arguments)
    return median(measure_use(*arguments).cpu for _ in range(TIMES)) * 1000


def budget_report(title: str, budgets: list[Budget]) -> Report:
    columns = ("what", "measured", "budget", "verdict")
    table = Table(columns, tuple(map(_budget_row, budgets)), frozenset(columns[1:3]))
    data = [
        {"what": one.what, "unit": one.unit, "measured": one.measured, "limit": one.limit, "missed": one.missed}
        for one in budgets
    ]
    return Report("bench budgets", title, (table,), {"budgets": data, "missed": any(one.missed for one in budgets)})


def _budget_row(one: Budget) -> tuple[Cell, ...]:
    verdict = Cell("–", Tone.DIM) if one.limit is None else Cell("PASS", Tone.GOOD)
    if one.missed:
        verdict = Cell("MISSED", Tone.BAD)
    limit = "–" if one.limit is None else f"{one.limit:g} {one.unit}"
    return Cell(one.what), Cell(f"{one.measured:,.3g} {one.unit}"), Cell(limit), verdict
