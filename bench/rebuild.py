"""A store built anew: undisturbed, and killed at random moments; rows a second, and memory of the program."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from typing import Any

import psycopg

from bench.budgets import KINETUNE, Budget, report
from bench.ground import Ground
from bench.say import say
from kinetune.model.report import Report

KILLS = 20
REBUILD = ("init", "--rebuild", "--yes", "--allow", "REBUILD")
EQUAL = """
SELECT count(*) FILTER (WHERE f.id IS NULL OR k.id IS NULL OR f IS DISTINCT FROM k) AS different,
       count(k.id) AS rows, max(k.id) AS newest, (SELECT last_value FROM kine_id_seq) AS last
FROM kine_before_init AS f FULL JOIN kine AS k USING (id)
"""
NAMES = "SELECT count(*) FROM pg_class WHERE relname ~ '^kinetune_' OR relname = 'kine_pkey' AND relkind = 'i'"


def run(ground: Ground, rows: int) -> Report:
    """Every run's end is compared row for row with the table that was put aside. RuntimeError where it is not equal."""
    with ground.clone(ground.filled(rows)) as store:
        say(f"rebuild of {rows:,} rows")
        seconds, megabytes = _whole(ground.dsn(store))
        _check(ground.dsn(store), rows)
    with ground.clone(ground.filled(rows)) as store:
        say(f"the same, killed {KILLS} times")
        started = time.perf_counter()
        runs = _killed(ground.dsn(store), seconds)
        _, peak = _whole(ground.dsn(store))
        together = time.perf_counter() - started
        _check(ground.dsn(store), rows)
    return report(
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


def _whole(dsn: str) -> tuple[float, float]:
    """Seconds on the clock and peak memory in MB of a run that comes to its end."""
    started = time.perf_counter()
    with subprocess.Popen([*KINETUNE, *REBUILD, dsn], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"kinetune {' '.join(REBUILD)}: {said.decode()}")
    return time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e6


def _killed(dsn: str, whole: float) -> int:
    """Killed so often before its end, each run at some moment of what it has left; how many runs that took."""
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
        if _done(dsn):
            _again(dsn)
            left = whole
        else:
            within += 1
    return runs


def _done(dsn: str) -> bool:
    (found,) = _ask(dsn, "SELECT to_regclass('kine_before_init') IS NOT NULL")[0]
    return bool(found)


def _again(dsn: str) -> None:
    """It had come to its end: that end is kept, and the next run begins anew."""
    subprocess.run([*KINETUNE, "init", "--finish", "--yes", dsn], check=True, capture_output=True)


def _check(dsn: str, rows: int) -> None:
    different, kept, newest, last = _ask(dsn, EQUAL)[0]
    (names,) = _ask(dsn, NAMES)[0]
    if (different, kept, names) != (0, rows, 1) or last < newest:
        raise RuntimeError(f"{different} of {kept} rows differ, {names} names, sequence {last} after id {newest}")


def _ask(dsn: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as session:
        return session.execute(question.encode()).fetchall()
