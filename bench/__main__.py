"""
`python -m bench [PART …] [--rows N …]`: run the named benchmarks, by default the first five. Exit 5 for a missed
budget.

start: small commands. explain: Kine's calls with each profile and era. writes: inserts. init: the program on a store.
logs: the speed of `hotspots`, compared with pgbadger. settings: each planner setting alone and all of them. indexes:
the experiment that led to the profile tuned on PostgreSQL, 10 minutes for 100,000 rows. rebuild: kinetune init
--rebuild, undisturbed and killed at 20 random moments. yugabytedb: real Kine under load on a stock and on a prepared
store of a real cluster, 30 minutes for 50,000 rows. etcd: a live etcd as a source of rows, --rows keys.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.bench_server import BenchServer, describe_machine
from bench.progress import print_progress
from kinetune.model.failure import Exit
from kinetune.model.report import Paragraph, Report
from kinetune.reports.formats import save_report, write_report

if TYPE_CHECKING:
    from collections.abc import Callable

ON_REQUEST = ("settings", "indexes", "rebuild", "yugabytedb", "etcd", "move", "move-yugabytedb")
"""Run only if named: experiments that led to the profiles, and benchmarks that take long."""
WITHOUT_ROWS = ("start", "logs")
"""Benchmarks whose result does not depend on the number of rows."""
RESULTS = Path(__file__).parent / "results"


def _load_parts() -> dict[str, Callable[[BenchServer, int], Report]]:
    from bench import budgets, etcd_source, explain, indexes, logs, move, rebuild, settings, writes, yugabytedb

    return {
        "start": budgets.run_start,
        "explain": explain.run,
        "writes": writes.run,
        "init": budgets.run_init,
        "logs": logs.run,
        "settings": settings.run,
        "indexes": indexes.run,
        "rebuild": rebuild.run,
        "yugabytedb": yugabytedb.run,
        "move": move.run,
        "move-yugabytedb": move.run_yugabytedb,
        "etcd": etcd_source.run,
    }


def main() -> int:
    parts = _load_parts()
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(parts):
        parser.error(f"unknown part {min(unknown)}: {', '.join(parts)}")
    machine, missed = describe_machine(), False
    with BenchServer() as bench_server:
        for rows in asked.rows:
            wanted = asked.parts or [part for part in parts if part not in ON_REQUEST]
            for name in wanted if rows == asked.rows[0] else [part for part in wanted if part not in WITHOUT_ROWS]:
                print_progress(f"{name}, {rows:,} rows")
                report = parts[name](bench_server, rows)
                _publish_report(report, name, rows, machine)
                missed |= bool(report.data.get("missed"))
    return Exit.MISSED if missed else Exit.CLEAN


def _publish_report(report: Report, name: str, rows: int, machine: str) -> None:
    """Write the report to stdout, and as JSON to bench/results."""
    whole = replace(report, sections=(Paragraph(machine), *report.sections))
    write_report(whole, "text", sys.stdout)
    sys.stdout.flush()
    RESULTS.mkdir(exist_ok=True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    save_report(replace(whole, data=whole.data | {"machine": machine, "at": at}), RESULTS / f"{name}-{rows}.json")


if __name__ == "__main__":
    sys.exit(main())
