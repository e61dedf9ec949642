"""What the program itself may cost, as issue 3 asks for it: measured from outside, as a user's shell sees it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import psycopg

from bench.ground import Ground
from bench.say import say
from kinetune.model.report import Cell, Report, Table, Tone

TIMES = 5
LARGE = 1_000_000
"""The size the budgets of `explain` and `init` are for."""
KINETUNE = [sys.executable, "-c", "from kinetune.cli.main import main; main()"]


@dataclass(frozen=True)
class Used:
    """By one process of kinetune: seconds on the clock, seconds of CPU, peak memory in MB (10^6 bytes)."""

    wall: float
    cpu: float
    megabytes: float


@dataclass(frozen=True)
class Budget:
    """`limit` None: a number to know, not to keep."""

    what: str
    unit: str
    measured: float
    limit: float | None = None

    @property
    def missed(self) -> bool:
        return self.limit is not None and self.measured > self.limit


def used(*arguments: str) -> Used:
    """One call of kinetune; its own children would count too, it has none."""
    started = time.perf_counter()
    with subprocess.Popen([*KINETUNE, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"kinetune {' '.join(arguments)}: {said.decode()}")
    return Used(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def init(ground: Ground, rows: int) -> Report:
    """`kinetune init --yes` on a store with stock schema, and explain's own time and memory on the same store."""
    with ground.clone(ground.filled(rows)) as store:
        dsn = ground.dsn(store)
        say(f"explain --writes on {rows:,} rows")
        looked = used("explain", dsn, "--kine", "v0.17.5", "--timeout", "60")
        wrote = used("explain", dsn, "--kine", "v0.17.5", "--writes")
        say(f"init on {rows:,} rows")
        tuned = used("init", "--yes", dsn)
        again = used("init", "--yes", dsn)
    large = rows >= LARGE
    budgets = [
        Budget("explain, all reads", "s", looked.wall, 60 if large else None),
        Budget("explain, peak memory", "MB", looked.megabytes, 200 if large else None),
        Budget("explain --writes", "s", wrote.wall, 60 if large else None),
        Budget("explain --writes, peak memory", "MB", wrote.megabytes, 200 if large else None),
        Budget("init, stock to tuned", "s", tuned.wall),
        Budget("init, nothing to be done", "s", again.wall),
    ]
    return report(f"The program on {rows:,} rows", budgets)


def start(ground: Ground, _rows: int) -> Report:
    """Small calls: medians of TIMES."""
    say("small calls")
    empty = median(used("init", "--yes", ground.dsn(ground.fresh())).wall for _ in range(TIMES))
    prints = _cpu("init", "--print", "--server", "postgresql-16")
    budgets = [
        Budget("init, no database yet", "s", empty, 2),
        Budget("init, empty database", "s", _on_empty(ground), 2),
        Budget("init --print --server postgresql-16, CPU", "ms", prints, 250),
        Budget("--help, CPU", "ms", _cpu("--help"), 150),
        Budget("init --help, CPU", "ms", _cpu("init", "--help")),
    ]
    return report("Small calls", budgets)


def _on_empty(ground: Ground) -> float:
    return median(_empty(ground, lambda dsn: used("init", "--yes", dsn).wall) for _ in range(TIMES))


def _empty(ground: Ground, run: Callable[[str], float]) -> float:
    place = ground.fresh()
    with ground.admin() as admin:
        admin.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(place.database)))
    return run(ground.dsn(place))


def _cpu(*arguments: str) -> float:
    """Milliseconds; the first call, which compiles, does not count."""
    used(*arguments)
    return median(used(*arguments).cpu for _ in range(TIMES)) * 1000


def report(title: str, budgets: list[Budget]) -> Report:
    columns = ("what", "measured", "budget", "verdict")
    table = Table(columns, tuple(map(_row, budgets)), frozenset(columns[1:3]))
    data = [
        {"what": one.what, "unit": one.unit, "measured": one.measured, "limit": one.limit, "missed": one.missed}
        for one in budgets
    ]
    return Report("bench budgets", title, (table,), {"budgets": data, "missed": any(one.missed for one in budgets)})


def _row(one: Budget) -> tuple[Cell, ...]:
    verdict = Cell("–", Tone.DIM) if one.limit is None else Cell("PASS", Tone.GOOD)
    if one.missed:
        verdict = Cell("MISSED", Tone.BAD)
    limit = "–" if one.limit is None else f"{one.limit:g} {one.unit}"
    return Cell(one.what), Cell(f"{one.measured:,.3g} {one.unit}"), Cell(limit), verdict
