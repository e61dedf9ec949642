"""`init --rebuild`, undisturbed and killed at random moments: rows per second, and memory of the program."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from typing import Any

import psycopg

from bench.bench_server import BenchServer
from bench.budgets import KINETUNE, Budget, budget_report
from bench.progress import print_progress
from kinetune.model.report import Report

KILLS = 20
REBUILD = ("init", "--rebuild", "--yes", "--allow", "REBUILD")
EQUAL = """
SELECT count(*) FILTER (WHERE f.id IS NULL OR k.id IS NULL OR f IS DISTINCT FROM k) AS different,
       count(k.id) AS rows, max(k.id) AS newest, (SELECT last_value FROM kine_id_seq) AS last
FROM kine_before_init AS f FULL JOIN kine AS k USING (id)
"""
NAMES = "SELECT count(*) FROM pg_class WHERE relname ~ '^kinetune_' OR relname = 'kine_pkey' AND relkind = 'i'"


def run(bench_server: BenchServer, rows: int) -> Report:
    """Each result is compared row by row with the former table. RuntimeError if they differ."""
    with bench_server.clone_store(bench_server.filled(rows)) as store:
        print_progress(f"rebuild of {rows:,} rows")
        seconds, megabytes = _rebuild_undisturbed(bench_server.dsn(store))
        _check_rows(bench_server.dsn(store), rows)
    with bench_server.clone_store(bench_server.filled(rows)) as store:
        print_progress(f"the same, killed {KILLS} times")
        started = time.perf_counter()
        runs = _rebuild_killed(bench_server.dsn(store), seconds)
        _, peak = _rebuild_undisturbed(bench_server.dsn(store))
        together = time.perf_counter() - started
        _check_rows(bench_server.dsn(store), rows)
    return budget_report(
        f"A rebuild of {rows:,} rows",
        [
            Budget("undisturbed", "s", seconds),
            Budget("undisturbed, rows a second", "", rows / seconds),
            Budget("peak memory of kinetune", "MB", megabytes, 200),
            Budget(f"killed {KILLS} times before its end, in {runs} runs, and once more", "s", together),
            Budget("peak memory of the last run", "MB", peak, 200),
            Budget("rows that differ afterwards", "", 0),
        ],
    )


def _rebuild_undisturbed(dsn: str) -> tuple[float, float]:
    """Elapsed seconds and peak memory in MB of a complete run."""
    started = time.perf_counter()
    with subprocess.Popen([*KINETUNE, *REBUILD, dsn], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        errors = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"kinetune {' '.join(REBUILD)}: {errors.decode()}")
    return time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e6


def _rebuild_killed(dsn: str, whole: float) -> int:
    """Kill KILLS runs, each at a random moment of its remaining time, and finish. Returns the number of runs."""
    chance, within, runs = random.Random(7), 0, 0
    left = whole
    while within < KILLS:
        runs += 1
        with subprocess.Popen([*KINETUNE, *REBUILD, dsn], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
            started = time.perf_counter()
            try:
                one.wait(chance.uniform(0.3, left))
            except subprocess.TimeoutExpired:
                one.send_signal(signal.SIGKILL)
        left = max(left - (time.perf_counter() - started) / 4, whole / 3)
        if _is_finished(dsn):
            _run_again(dsn)
            left = whole
        else:
            within += 1
    return runs


def _is_finished(dsn: str) -> bool:
    (found,) = _query(dsn, "SELECT to_regclass('kine_before_init') IS NOT NULL")[0]
    return bool(found)


def _run_again(dsn: str) -> None:
    """After a run that finished before it was killed: keep its result, and start the next rebuild."""
    subprocess.run([*KINETUNE, "init", "--drop-old-table", "--yes", dsn], check=True, capture_output=True)


def _check_rows(dsn: str, rows: int) -> None:
    different, kept, newest, last = _query(dsn, EQUAL)[0]
    (names,) = _query(dsn, NAMES)[0]
    if (different, kept, names) != (0, rows, 1) or last < newest:
        raise RuntimeError(f"{different} of {kept} rows differ, {names} names, sequence {last} after id {newest}")


def _query(dsn: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as session:
        return session.execute(question.encode()).fetchall()
